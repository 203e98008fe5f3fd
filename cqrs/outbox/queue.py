"""Where the events of an outbox wait: the collection, its indexes, and what the order and the lock of an event mean.

All times are the server's (`$$NOW`): no process's clock says who owns an event, or when one is due.
"""

from typing import Any

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from cqrs.broker.mongodb import translated
from cqrs.broker.store import CODEC, RAW
from cqrs.outbox.settings import OutboxSettings

Document = dict[str, Any]
Events = Collection[Document]
RawEvents = Collection[RawBSONDocument]

COLLECTION = "events"
# What a claim reads and deletes must not be rolled back, nor what it has written.
MAJORITY = WriteConcern("majority", j=True)
PREPARING_SECONDS = 120.0

ORDER = [("orderingKey", ASCENDING), ("aggregate.sequence", ASCENDING)]
# Of those that have failed, parked ones included: few, however many wait.
HAS_FAILED = {"attempts": {"$gt": 0}}
FAILED = "failed"
INDEXES = [
    IndexModel(ORDER, name="order", unique=True),
    IndexModel([("createdAt", ASCENDING), ("_id", ASCENDING)], name="oldest"),
    IndexModel([("_id", ASCENDING), ("parkedAt", ASCENDING)], name=FAILED, partialFilterExpression=HAS_FAILED),
]

# What nobody has taken up yet: the relays' part.
FRESH: Document = {"parkedAt": None, "isLocked": True, "lockOwner": None}
_LAPSED: Document = {"isLocked": True, "$expr": {"$lte": ["$lockedUntil", "$$NOW"]}}
_DUE: Document = {"isLocked": False, "$expr": {"$lte": ["$nextAttemptAt", "$$NOW"]}}
# What was taken up by somebody who has not finished it, or by nobody, and what is due again: the retry jobs' part.
OVERDUE: Document = {"parkedAt": None, "$or": [_LAPSED, _DUE]}
# What may be claimed by whoever has the turn of its aggregate.
IS_TAKEABLE: Document = {
    "$and": [
        {"$eq": ["$parkedAt", None]},
        {
            "$cond": [
                "$isLocked",
                {"$or": [{"$eq": ["$lockOwner", None]}, {"$lte": ["$lockedUntil", "$$NOW"]}]},
                {"$lte": ["$nextAttemptAt", "$$NOW"]},
            ]
        },
    ]
}


class Queue:
    """The events in `database`, read and written with majority concern; `name` is that of their collection."""

    def __init__(self, database: Database[Any], settings: OutboxSettings, *, name: str = COLLECTION) -> None:
        self.settings = settings
        self.name = name
        self._database: Database[Document] = database.with_options(
            codec_options=CODEC, write_concern=MAJORITY, read_concern=ReadConcern("majority")
        )

    @property
    def full_name(self) -> str:
        """The name of the collection with that of its database, for metrics and logs."""
        return f"{self._database.name}.{self.name}"

    @property
    def database(self) -> Database[Document]:
        """The database, read back as plain Python values."""
        return self._database

    @property
    def events(self) -> Events:
        """The events as plain values; what is `data` in them may look like a reference of the driver's."""
        return self._database[self.name]

    @property
    def raw_events(self) -> RawEvents:
        """The events as they come over the wire: see `cqrs.broker.store.decoded`."""
        return self._database.get_collection(self.name, codec_options=RAW)  # type: ignore[return-value]  # typed by the database's codec

    def within(self, session: ClientSession) -> Events:
        """The events for the transaction of a session, which may be of another client of the replica set."""
        return session.client.get_database(self._database.name, codec_options=CODEC)[self.name]

    def prepare(self) -> None:
        """Create the collection and its indexes, unless they are there. Raises Unavailable."""
        with translated(), pymongo.timeout(PREPARING_SECONDS):
            self.events.create_indexes(INDEXES)


def after_now(seconds: float) -> Document:
    """Return the expression for a moment that is so far ahead of the server's clock."""
    return {"$add": ["$$NOW", round(seconds * 1000)]}
