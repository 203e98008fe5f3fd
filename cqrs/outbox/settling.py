"""What becomes of claimed events. Every write names the token of the claim: a zombie, whose lease has run out and whose
events others have claimed since, changes nothing any more."""

from collections.abc import Sequence

import msgspec
import pymongo
from pymongo import UpdateOne

from cqrs.broker.mongodb import translated
from cqrs.outbox.queue import Document, Queue, after_now

SECONDS = 10.0
# What is kept of an event's failures, also when it is retried by hand again and again, and of each.
MOST_FAILURES = 50
LONGEST_ERROR = 1000


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """An event that its destination has refused: with `error`, of the kind `type`, for the `attempt`-th time."""

    event_id: str
    error: str
    type: str
    attempt: int


class Settling:
    """Ends claims on events of `queue`, for the process `worker`. All methods raise Unavailable."""

    def __init__(self, queue: Queue, *, worker: str) -> None:
        self._queue = queue
        self._worker = worker

    def delete(self, event_ids: Sequence[str], token: str) -> None:
        """They have been published."""
        if event_ids:
            with translated(), pymongo.timeout(SECONDS):
                self._queue.events.delete_many({"_id": {"$in": event_ids}, "lockToken": token})

    def is_last(self, failed: Failed) -> bool:
        """Whether the event is parked with this failure."""
        return self._queue.settings.retry.exhausted(failed.attempt)

    def fail(self, failures: Sequence[Failed], token: str) -> set[str]:
        """Count a failure for each: it is due again after a back-off, or parked where that was its last attempt.

        Return the ids of those that were parked.
        """
        if not failures:
            return set()
        last = [failed.event_id for failed in failures if self.is_last(failed)]
        updates = [UpdateOne(_claimed(failed.event_id, token), self._failing(failed)) for failed in failures]
        with translated(), pymongo.timeout(SECONDS):
            self._queue.events.bulk_write(updates, ordered=False)
            if not last:
                return set()
            parked = {"_id": {"$in": last}, "lockToken": token, "parkedAt": {"$ne": None}}
            return {event["_id"] for event in self._queue.events.find(parked, {"_id": True})}

    def release(self, event_ids: Sequence[str], token: str) -> None:
        """Nothing was tried, or nobody is to blame: they are as before, new ones with a new lease."""
        if not event_ids:
            return
        # As it was told apart when it was new: only what has failed is unlocked.
        is_new = {"$eq": [{"$size": "$failures"}, 0]}
        lease = after_now(self._queue.settings.lease)
        released = {"isLocked": is_new, "lockOwner": None, "lockToken": None, "lockedUntil": lease}
        with translated(), pymongo.timeout(SECONDS):
            self._queue.events.update_many({"_id": {"$in": event_ids}, "lockToken": token}, [{"$set": released}])

    def renew(self, event_ids: Sequence[str], token: str) -> bool:
        """Hold them for another lease; say whether all are still claimed under the token."""
        renewed = {"lockedUntil": after_now(self._queue.settings.lease)}
        with translated(), pymongo.timeout(SECONDS):
            result = self._queue.events.update_many(
                {"_id": {"$in": event_ids}, "lockToken": token}, [{"$set": renewed}]
            )
        return result.matched_count == len(event_ids)

    def _failing(self, failed: Failed) -> list[Document]:
        failure = {
            "at": "$$NOW",
            "error": {"$literal": failed.error[:LONGEST_ERROR]},
            "type": {"$literal": failed.type[:LONGEST_ERROR]},
            "attempt": failed.attempt,
            "worker": {"$literal": self._worker},
        }
        changes: Document = {
            "isLocked": False,
            "lockOwner": None,
            "attempts": failed.attempt,
            "failures": {"$slice": [{"$concatArrays": ["$failures", [failure]]}, -MOST_FAILURES]},
        }
        if self.is_last(failed):
            # Under the token it is told who has parked it.
            changes |= {"parkedAt": "$$NOW", "noticeDueAt": "$$NOW", "nextAttemptAt": None}
        else:
            delay = self._queue.settings.retry.delay(failed.attempt)
            changes |= {"lockToken": None, "nextAttemptAt": after_now(delay)}
        return [{"$set": changes}]


def _claimed(event_id: str, token: str) -> Document:
    return {"_id": event_id, "lockToken": token}
