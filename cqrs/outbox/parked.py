"""Looking after events that have failed: listing, retrying, discarding."""

from collections.abc import Sequence

import pymongo

from cqrs.broker.mongodb import translated
from cqrs.broker.store import decoded
from cqrs.outbox.errors import NoSuchEvent, NotFailing
from cqrs.outbox.queue import FAILED, HAS_FAILED, Document, Queue
from cqrs.outbox.stored import StoredEvent, stored_of

SECONDS = 10.0
# Nobody publishes it: it is parked, or waits for its next attempt.
UNLOCKED: Document = {"isLocked": False}
IS_PARKED: Document = {**HAS_FAILED, "parkedAt": {"$ne": None}}
WITHOUT_DATA = {"data": False}


def listing(queue: Queue, *, failing: bool = False, after: str = "", limit: int = 100) -> list[StoredEvent]:
    """Return at most `limit` parked events with ids beyond `after`, in the order of their ids.

    With `failing` also those that have failed and will be tried again. Raises Unavailable.
    """
    wanted = {**(HAS_FAILED if failing else IS_PARKED), "_id": {"$gt": after}}
    with translated(), pymongo.timeout(SECONDS):
        found = queue.raw_events.find(wanted, WITHOUT_DATA).hint(FAILED).sort("_id").limit(limit)
        return [stored_of(decoded(event)) for event in found]


def get(queue: Queue, event_id: str) -> StoredEvent:
    """Return a waiting event, whatever its state. Raises NoSuchEvent, Unavailable."""
    with translated(), pymongo.timeout(SECONDS):
        found = queue.raw_events.find_one({"_id": event_id}, WITHOUT_DATA)
    if found is None:
        raise NoSuchEvent(event_id)
    return stored_of(decoded(found))


def retry(queue: Queue, event_id: str) -> None:
    """Have an event that is parked, or waits for its next attempt, tried again at once, and counted anew.

    Its failures stay on record. Raises NoSuchEvent, NotFailing, Unavailable.
    """
    with translated(), pymongo.timeout(SECONDS):
        result = queue.events.update_one({"_id": event_id, **UNLOCKED}, _retried())
    if not result.matched_count:
        raise NotFailing(get(queue, event_id).event_id)


def retry_all(queue: Queue) -> int:
    """Do so with all parked events, and return how many there were. Raises Unavailable."""
    with translated(), pymongo.timeout(SECONDS):
        return queue.events.update_many(IS_PARKED, _retried(), hint=FAILED).modified_count


def discard(queue: Queue, event_id: str) -> None:
    """Delete an event that is parked or waits for its next attempt: it is never published.

    Those behind it follow, and their consumers find its number missing. Raises NoSuchEvent, NotFailing, Unavailable.
    """
    with translated(), pymongo.timeout(SECONDS):
        result = queue.events.delete_one({"_id": event_id, **UNLOCKED})
    if not result.deleted_count:
        raise NotFailing(get(queue, event_id).event_id)


def _retried() -> Sequence[Document]:
    return [
        {
            "$set": {
                "attempts": 0,
                "nextAttemptAt": "$$NOW",
                "parkedAt": None,
                "noticeDueAt": None,
                "lockToken": None,
            }
        }
    ]
