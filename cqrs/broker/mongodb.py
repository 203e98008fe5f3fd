"""The edge to MongoDB: clients pooled per address and process, and the one place where the driver's errors become ours.

A client does not survive a fork: its sockets would be shared and its threads are gone. So whoever asks from another
process than the one that made it gets a new one, and the parent's is left alone.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.errors import WaitQueueTimeoutError as PoolTimeout

from cqrs.broker.errors import InvalidConfiguration, NotConnected
from cqrs.errors import Unavailable

STORE = "mongodb"
APP_NAME = "change-stream-broker"
# Of whatever has no deadline of its own: a store that accepts and never answers must not hold anybody.
OPERATION_MS = 10_000
CLOSE_SECONDS = 1.0

# Server errors that say "not now", or that this process may not: nobody's message is at fault. The numbers stand in
# MongoDB's error_codes.yml.
UNREACHABLE = frozenset({6, 7, 89, 133, 202, 9001})
NO_PRIMARY = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
NO_MAJORITY = frozenset({64, 79, 100})
OUT_OF_TIME = frozenset({24, 46, 50, 112, 262, 11601})
NO_SPACE = frozenset({14031})
NOT_ALLOWED = frozenset({11, 13, 18})
NOT_NOW = UNREACHABLE | NO_PRIMARY | NO_MAJORITY | OUT_OF_TIME | NO_SPACE | NOT_ALLOWED
# What the driver says, without a code, of a session that is used in the moment in which it knows of no server at all.
NO_SERVER_KNOWN = "Sessions are not supported"
LABELS_NOT_NOW = ("RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult")

Document = dict[str, Any]
Client = MongoClient[Document]


class Connection:
    """One user of the pooled client of an address."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._is_open = False
        self._process: int | None = None
        self._client: Client | None = None
        self._opening = threading.Lock()

    def open(self) -> None:
        """Make `client` available. Nothing is sent yet."""
        self._is_open = True

    def close(self) -> None:
        """Give the client back; the last one to do so in this process closes it."""
        self._is_open = False
        if self._process != os.getpid():
            # Nothing was taken, or by the parent of this process.
            self._client = None
            return
        with self._opening:
            client, self._client = self._client, None
        if client is not None:
            _pool().give_back(self._uri)

    @property
    def client(self) -> Client:
        """The client of this process. Raises NotConnected, InvalidConfiguration."""
        client = self._client
        if client is not None and self._process == os.getpid():
            return client
        if not self._is_open:
            raise NotConnected
        return self._take()

    def ping(self, seconds: float) -> None:
        """Return when the primary answers. Raises Unavailable, NotConnected."""
        with translated(), pymongo.timeout(seconds):
            self.client.admin.command("ping")

    @property
    def is_open(self) -> bool:
        """Whether it has been opened and not closed since."""
        return self._is_open

    @property
    def is_up(self) -> bool:
        """Whether the connection is open and a primary is known. Asks the driver's monitor, not the network."""
        return self._is_open and self.client.topology_description.has_writable_server()

    def _take(self) -> Client:
        process = os.getpid()
        if self._process not in {None, process}:
            # Held by a thread that stayed in the parent, perhaps.
            self._opening = threading.Lock()
        with self._opening:
            if not self._is_open:
                raise NotConnected
            if self._client is None or self._process != process:
                self._client, self._process = _pool().take(self._uri), process
            return self._client


class _Pool:
    """The clients of one process, each with the number of its users."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[Client, int]] = {}

    def take(self, uri: str) -> Client:
        with self._lock:
            client, users = self._clients.get(uri) or (_new_client(uri), 0)
            self._clients[uri] = (client, users + 1)
            return client

    def give_back(self, uri: str) -> None:
        with self._lock:
            client, users = self._clients.pop(uri)
            if users > 1:
                self._clients[uri] = (client, users - 1)
                return
        # Ends the sessions on the server: a courtesy, which a silent one may do without.
        with pymongo.timeout(CLOSE_SECONDS):
            client.close()


# By process id: after a fork the child finds no pool of its own, and leaves the parent's clients and locks alone.
_pools: dict[int, _Pool] = {}


def _pool() -> _Pool:
    return _pools.setdefault(os.getpid(), _Pool())


def _new_client(uri: str) -> Client:
    try:
        return MongoClient(
            uri,
            tz_aware=True,
            uuidRepresentation="standard",
            w="majority",
            journal=True,
            readConcernLevel="majority",
            readPreference="primary",
            timeoutMS=OPERATION_MS,
            serverSelectionTimeoutMS=5000,
            connectTimeoutMS=2000,
            appname=APP_NAME,
            connect=False,
        )
    except (ConfigurationError, ValueError) as error:
        # The cause tells more; here it could repeat a password.
        raise InvalidConfiguration(["mongo_uri is not an address that MongoDB's driver accepts"]) from error


@contextmanager
def translated() -> Iterator[None]:
    """Raise Unavailable in place of the errors that only say that MongoDB cannot be reached or asked now."""
    try:
        yield
    except (ConnectionFailure, PoolTimeout, ExecutionTimeout, WriteConcernError) as error:
        raise Unavailable(STORE) from error
    except PyMongoError as error:
        if is_not_now(error):
            raise Unavailable(STORE) from error
        raise


def translated_outside(session: ClientSession | None) -> AbstractContextManager[None]:
    """Translate, but not within a transaction: who runs that looks at the labels of the driver's errors."""
    return nullcontext() if session is not None and session.in_transaction else translated()


def is_not_now(error: PyMongoError) -> bool:
    """Say whether trying later is right."""
    if error.timeout or any(error.has_error_label(label) for label in LABELS_NOT_NOW):
        return True
    if isinstance(error, ConfigurationError):
        return NO_SERVER_KNOWN in str(error)
    if isinstance(error, BulkWriteError):
        # Of several writes each has its own errors; those about the concern say that a majority has not confirmed them.
        errors = error.details.get("writeErrors", [])
        return all(one.get("code") in NOT_NOW for one in errors) and bool(
            errors or error.details.get("writeConcernErrors")
        )
    return isinstance(error, OperationFailure) and error.code in NOT_NOW
