"""The edge to MongoDB: the connection, deadlines, and the one place where its errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mongoengine
import pymongo
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.errors import WaitQueueTimeoutError as PoolTimeout

from cqrs.errors import Unavailable

STORE = "mongodb"
ALIAS = mongoengine.DEFAULT_CONNECTION_NAME
# For one write with its retry. A batch makes at most two, documents and tombstones, and PostgreSQL ends whoever stays
# idle in a transaction for longer than three of these.
DEADLINE = 5.0

# Server errors that say "not now", or that this process may not: nobody's document is at fault. The numbers stand in
# MongoDB's error_codes.yml.
UNREACHABLE = frozenset({6, 7, 89, 133, 202, 9001})
NO_PRIMARY = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
NO_MAJORITY = frozenset({64, 79, 100})
OUT_OF_TIME = frozenset({24, 46, 50, 112, 262, 11601})
NO_SPACE = frozenset({14031})
NOT_ALLOWED = frozenset({11, 13, 18})
# A rebuild has put another collection in the place of the one that was being read.
REPLACED = 175
NOT_NOW = UNREACHABLE | NO_PRIMARY | NO_MAJORITY | OUT_OF_TIME | NO_SPACE | NOT_ALLOWED | {REPLACED}
LABELLED_NOT_NOW = "RetryableWriteError"

Documents = Collection[dict[str, Any]]


def connect(uri: str, database: str) -> None:
    """Name the store for this process. Nothing is sent before the first use."""
    mongoengine.connect(
        db=database,
        host=uri,
        alias=ALIAS,
        uuidRepresentation="standard",
        tz_aware=True,
        w="majority",
        journal=True,
        serverSelectionTimeoutMS=2000,
        connectTimeoutMS=2000,
        timeoutMS=int(DEADLINE * 1000),
        connect=False,
        appname="cqrs",
    )


def database() -> Database[dict[str, Any]]:
    """Return the database of this process."""
    return mongoengine.get_db(ALIAS)  # type: ignore[no-any-return]  # mongoengine has no types


def ping(seconds: float) -> None:
    """Return when the store can be written to. Raises Unavailable."""
    with translated(), pymongo.timeout(seconds):
        database().client.admin.command("ping")


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable in place of the errors that only say that MongoDB cannot be reached or asked now."""
    try:
        yield
    except (ConnectionFailure, PoolTimeout, ExecutionTimeout, WriteConcernError) as error:
        raise Unavailable(STORE) from error
    except OperationFailure as error:
        if error.timeout or error.code in NOT_NOW or error.has_error_label(LABELLED_NOT_NOW):
            raise Unavailable(STORE) from error
        raise
    except PyMongoError as error:
        if error.timeout:
            raise Unavailable(STORE) from error
        raise
