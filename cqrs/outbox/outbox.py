"""Storing events in the transaction that changes their record."""

from collections.abc import Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from cqrs.outbox.errors import EventExists, NoTransaction
from cqrs.outbox.new_event import NewEvent
from cqrs.outbox.queue import COLLECTION, Document, Queue, after_now
from cqrs.outbox.settings import OutboxSettings
from cqrs.outbox.stored import document_of

DUPLICATE_KEY = 11000


class Outbox:
    """The events of one service, in `database`, beside its records. For any thread."""

    def __init__(
        self, database: Database[Any], *, settings: OutboxSettings | None = None, collection: str = COLLECTION
    ) -> None:
        self.queue = Queue(database, settings or OutboxSettings(), name=collection)

    def append(self, session: ClientSession, events: Sequence[NewEvent]) -> None:
        """Store events within the session's transaction: they are published if it commits, and only then.

        The caller gives each the version of its record as sequence. Nothing is lost or put out of order as long as the
        transaction changes the record itself, under a guard on the version before.

        Raises NoTransaction, InvalidEvent and EventTooLarge before anything is written, EventExists after which the
        transaction must be aborted, and the driver's own errors, so that `with_transaction` can repeat the work.
        """
        if not session.in_transaction:
            raise NoTransaction
        settings = self.queue.settings
        documents = [document_of(event, index, largest=settings.largest_event) for index, event in enumerate(events)]
        if not documents:
            return
        try:
            self.queue.within(session).bulk_write(
                [_insertion(document, settings.lease) for document in documents], session=session
            )
        except BulkWriteError as error:
            first = error.details["writeErrors"][0]
            if first["code"] != DUPLICATE_KEY:
                raise
            index = first["index"]
            raise EventExists(index, events[index].ordering_key, events[index].sequence) from error

    def prepare(self) -> None:
        """Create the collection and its indexes, unless they are there. Raises Unavailable."""
        self.queue.prepare()


def _insertion(document: Document, lease: float) -> UpdateOne:
    """An insertion with the server's time, which only updates know: no document matches, so one is inserted."""
    times = {"createdAt": "$$NOW", "lockedUntil": after_now(lease)}
    # What is data stands in $literal: a title may begin with a dollar.
    stored = {"$mergeObjects": [{"$literal": document}, times]}
    return UpdateOne({"_id": document["_id"], "createdAt": {"$exists": False}}, [{"$replaceWith": stored}], upsert=True)
