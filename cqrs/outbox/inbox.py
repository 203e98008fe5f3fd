"""The consumer's side: which events it has had already.

Delivery is at least once, so events come again. A consumer notes the id of each in the transaction of what it does with
it: both are there, or neither is.
"""

from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.outbox.errors import NoTransaction

COLLECTION = "inbox"
# An event that comes again later than this is taken for new.
KEPT_SECONDS = 7 * 24 * 60 * 60
PREPARING_SECONDS = 120.0
EXPIRY = "kept"


class Inbox:
    """What consumers have taken, in `database`, for `kept_seconds`. For any thread."""

    def __init__(
        self, database: Database[Any], *, collection: str = COLLECTION, kept_seconds: int = KEPT_SECONDS
    ) -> None:
        self._database = database
        self._collection = collection
        self._kept_seconds = kept_seconds

    def take(self, session: ClientSession, consumer: str, event_id: str) -> bool:
        """Note within the session's transaction that the consumer has the event; say whether it is new to it.

        Where it is not, nothing has changed and the event is to be dropped. Two that take one event at the same time
        conflict: one repeats its transaction, and is told that it is late.

        Raises NoTransaction, and the driver's errors, so that `with_transaction` can repeat the work.
        """
        if not session.in_transaction:
            raise NoTransaction
        taken = session.client.get_database(self._database.name, CodecOptions[Any]())[self._collection]
        # An insertion of what is there would abort the transaction, an update that changes nothing does not.
        result = taken.update_one(
            {"_id": {"consumer": consumer, "eventId": event_id}},
            [{"$set": {"takenAt": {"$ifNull": ["$takenAt", "$$NOW"]}}}],
            upsert=True,
            session=session,
        )
        return result.upserted_id is not None

    def prepare(self) -> None:
        """Create the collection and its index, unless they are there; follow a changed time. Raises Unavailable."""
        index = IndexModel([("takenAt", ASCENDING)], name=EXPIRY, expireAfterSeconds=self._kept_seconds)
        with translated(), pymongo.timeout(PREPARING_SECONDS):
            known = self._database[self._collection].index_information().get(EXPIRY)
            if known is None:
                self._database[self._collection].create_indexes([index])
            elif known.get("expireAfterSeconds") != self._kept_seconds:
                change = {"name": EXPIRY, "expireAfterSeconds": self._kept_seconds}
                self._database.command("collMod", self._collection, index=change)
