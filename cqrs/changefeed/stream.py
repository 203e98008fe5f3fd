"""A change stream over a database, from a token on, with its errors told apart: history lost, or not now."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import pymongo
from bson import decode
from bson.raw_bson import RawBSONDocument
from pymongo.change_stream import DatabaseChangeStream
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from cqrs.broker.mongodb import STORE, Document, translated
from cqrs.changefeed.change import OPERATIONS, Event, Operation, time_of
from cqrs.changefeed.errors import HistoryLost, NoHistory
from cqrs.errors import Unavailable

# Codes of MongoDB's error_codes.yml that no trying again mends: ChangeStreamHistoryLost, InvalidResumeToken,
# ChangeStreamFatalError, and BSONObjectTooLarge for an event that outgrows a document.
LOST = frozenset({286, 260, 280, 10334})
# Location40573: change streams are only there on replica sets.
ALONE = 40573
BATCH = 1000
# A server that does not answer for so long is asked anew.
STREAM_SECONDS = 4.0
NEAR_SECONDS = 1

# By collection the operations that somebody wants.
Wanted = Mapping[str, frozenset[Operation]]


class Stream:
    """Events of the wanted collections, and what happens to the collections themselves.

    All methods raise HistoryLost and Unavailable. Not for several threads.
    """

    def __init__(self, database: Database[Document], wanted: Wanted, *, after: str | None, await_ms: int) -> None:
        self._codec = database.codec_options
        # Raw, since only then it is known how large an event is.
        raw = database.with_options(codec_options=self._codec.with_options(document_class=RawBSONDocument))
        # How many bytes the event has that `next` has returned last, and its token; None where there was none.
        self.size = 0
        self._token: str | None = None
        self._session = database.client.start_session()
        try:
            with _classified(), pymongo.timeout(STREAM_SECONDS):
                self._stream: DatabaseChangeStream[RawBSONDocument] = raw.watch(
                    pipeline_of(wanted),
                    # Behind an invalidation too, where the other option would only repeat it.
                    start_after=None if after is None else {"_data": after},
                    full_document="updateLookup" if any("update" in some for some in wanted.values()) else None,
                    max_await_time_ms=await_ms,
                    batch_size=BATCH,
                    session=self._session,
                )
            self._require_past(after)
        except BaseException:
            self._session.end_session()
            raise

    def next(self) -> Event | None:
        """Return the next event, or None where there is none now."""
        with _classified(), pymongo.timeout(STREAM_SECONDS):
            event = self._stream.try_next()
        if event is None:
            self._token = None
            return None
        self.size = len(event.raw)
        decoded: Event = decode(event.raw, self._codec)
        self._token = decoded["_id"]["_data"]
        return decoded

    @property
    def token(self) -> str:
        """Behind everything that `next` has returned: the stream goes on there, or another one."""
        if self._token is not None:
            # The driver copies its own deeply each time, which costs as much as the event.
            return self._token
        token = self._stream.resume_token
        if token is None:
            raise Unavailable(STORE)
        return str(token["_data"])

    @property
    def is_near_end(self) -> bool:
        """Whether what was read last is about as new as the server's clock."""
        now = self._session.cluster_time
        return now is not None and now["clusterTime"].time - time_of(self.token).time <= NEAR_SECONDS

    @property
    def is_alive(self) -> bool:
        """Whether more can come: not after the database was dropped, which invalidates the stream."""
        return self._stream.alive

    def close(self) -> None:
        """End the stream, on the server as well where that can be reached."""
        try:
            with pymongo.timeout(1.0):
                self._stream.close()
        except PyMongoError:
            # The server forgets its cursor by itself.
            pass
        finally:
            self._session.end_session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.close()

    def _require_past(self, after: str | None) -> None:
        now = self._session.cluster_time
        if after is not None and now is not None and time_of(after) > now["clusterTime"]:
            self.close()
            raise HistoryLost("the resume point lies in the future: the deployment is another one, or was restored")


def token_now(database: Database[Document]) -> str:
    """Return a token behind which everything lies that is stored from now on. Raises Unavailable."""
    with Stream(database, {}, after=None, await_ms=1) as stream:
        return stream.token


def pipeline_of(wanted: Wanted) -> list[dict[str, Any]]:
    """Return the stages of the stream: what somebody wants of each collection, and what ends or replaces it."""
    changes = [
        {
            "ns.coll": collection,
            "operationType": {"$in": sorted(name for name, operation in OPERATIONS.items() if operation in operations)},
        }
        for collection, operations in wanted.items()
    ]
    names = sorted(wanted)
    ends = [
        {"ns.coll": {"$in": names}, "operationType": {"$in": ["drop", "rename"]}},
        {"to.coll": {"$in": names}, "operationType": "rename"},
        {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
    ]
    return [{"$match": {"$or": [*changes, *ends]}}]


@contextmanager
def _classified() -> Iterator[None]:
    try:
        with translated():
            yield
    except OperationFailure as error:
        if error.code == ALONE:
            raise NoHistory from error
        if error.code in LOST:
            raise HistoryLost(str(error.details and error.details.get("codeName"))) from error
        raise
