"""Telling a human that an event was parked: at least once, by whichever process finds that nobody has yet."""

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
import pymongo
from pymongo import ReturnDocument

from cqrs.broker.mongodb import translated
from cqrs.errors import Unavailable
from cqrs.outbox.queue import FAILED, HAS_FAILED, Document, Queue, after_now

logger = logging.getLogger(__name__)

SECONDS = 10.0
# So long one process has for telling, before another tries or it tries again itself.
AGAIN_SECONDS = 30.0
DUE: Document = {**HAS_FAILED, "noticeDueAt": {"$ne": None}, "$expr": {"$lte": ["$noticeDueAt", "$$NOW"]}}


class Notice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event was given up after `attempts` failures, the last one with `error`, of the kind `error_type`.

    What the event holds is not told. The same notice may come again: `event_id` and `parked_at` name it.
    """

    event_id: str
    subject: str
    event_type: str
    aggregate_type: str
    aggregate_id: str
    sequence: int
    attempts: int
    error: str
    error_type: str
    parked_at: datetime


Tell = Callable[[Notice], None]


class Notices:
    """Tells of the parked events of `queue` by calling `tell`, which returns when that has been taken."""

    def __init__(self, queue: Queue, tell: Tell) -> None:
        self._queue = queue
        self._tell = tell

    def send_due(self) -> int:
        """Tell of every event that was parked and not told of, and return how many were.

        What `tell` raises is logged, and it is called again half a minute later. Raises Unavailable where MongoDB is
        away.
        """
        told = 0
        while event := self._next():
            notice = _notice_of(event)
            try:
                self._tell(notice)
            except Unavailable as error:
                # The others would fare no better now.
                self._log(notice, error)
                return told
            except Exception as error:  # noqa: BLE001 - what keeps one from being told says nothing about the others
                self._log(notice, error)
            else:
                self._note_told(event)
                told += 1
        return told

    def _next(self) -> Document | None:
        with translated(), pymongo.timeout(SECONDS):
            return self._queue.events.find_one_and_update(
                DUE,
                [{"$set": {"noticeDueAt": after_now(AGAIN_SECONDS)}}],
                projection={"data": False, "headers": False},
                hint=FAILED,
                return_document=ReturnDocument.AFTER,
            )

    def _note_told(self, event: Document) -> None:
        # Not where it was retried and parked again meanwhile.
        told = {"_id": event["_id"], "parkedAt": event["parkedAt"]}
        with translated(), pymongo.timeout(SECONDS):
            self._queue.events.update_one(told, {"$set": {"noticeDueAt": None}})

    def _log(self, notice: Notice, error: Exception) -> None:
        fields = {"outbox": self._queue.full_name, "event_id": notice.event_id, "error_type": type(error).__name__}
        logger.warning("could not tell of a parked event", extra=fields)


def _notice_of(event: Document) -> Notice:
    aggregate, failure = event["aggregate"], event["failures"][-1]
    return Notice(
        event_id=event["_id"],
        subject=event["subject"],
        event_type=event["type"],
        aggregate_type=aggregate["type"],
        aggregate_id=aggregate["id"],
        sequence=aggregate["sequence"],
        attempts=event["attempts"],
        error=failure["error"],
        error_type=failure["type"],
        parked_at=event["parkedAt"],
    )
