"""What people are told of topics: noted in the transaction that stores the windows, told until somebody has it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
import pymongo
from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession

from cqrs.broker.mongodb import translated
from cqrs.delivery.alarm import Thresholds, has_recovered
from cqrs.delivery.ledger import NOTICES, STATE, Ledger
from cqrs.delivery.records import Document
from cqrs.delivery.stored_windows import StoredWindow, newest
from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

SECONDS = 10.0
AGAIN_MS = 30_000

Kind = Literal["alarm", "recovery"]


class Notice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The rate of a topic in the window from `start` to `end` is below its threshold, or is not any more.

    The same notice may come again: `id` names it. Of an alarm there is one for each window.
    """

    id: str
    kind: Kind
    topic: str
    start: datetime
    end: datetime
    expected: int
    received: int
    missed: int
    rate: float


Tell = Callable[[Notice], None]


class Notices:
    """Notes and sends notices. `tell` returns when one was taken; without it they are only logged."""

    def __init__(self, ledger: Ledger, thresholds: Thresholds, tell: Tell | None = None) -> None:
        self._ledger = ledger
        self._thresholds = thresholds
        self._tell = tell

    def note(self, windows: list[StoredWindow], session: ClientSession) -> list[Notice]:
        """Note what is to be told of windows that were stored in the session's transaction, and return what is new."""
        below = [window for window in windows if self._thresholds.is_below(window.topic, window.tally.rate)]
        noted = [notice for window in below if (notice := self._note("alarm", window, session))]
        for notice in noted:
            self._set_alarmed(notice.topic, notice.start, session)
        for topic in sorted({window.topic for window in windows}):
            if (recovery := self._recovery(topic, session)) is not None:
                noted.append(recovery)
        return noted

    def log(self, notices: list[Notice]) -> None:
        """Write a line of each."""
        for notice in notices:
            fields = {"topic": notice.topic, "start": notice.start.isoformat(), "rate": notice.rate}
            if notice.kind == "alarm":
                logger.warning("completion rate below threshold", extra={**fields, "missed": notice.missed})
            else:
                logger.warning("completion rate recovered", extra=fields)

    def send_due(self) -> int:
        """Tell of what was noted and not told, oldest first, and return how many were.

        What `tell` raises is logged, and it is called again half a minute later. Raises Unavailable where MongoDB is
        away.
        """
        told = 0
        while self._tell is not None and (document := self._next()) is not None:
            try:
                self._tell(msgspec.convert(document["notice"], Notice))
            except Exception as error:  # noqa: BLE001 - what keeps one from being told says nothing about the others
                fields = {"notice": document["_id"], "error_type": type(error).__name__}
                logger.warning("could not tell of a completion rate", extra=fields)
                if isinstance(error, Unavailable):
                    return told
            else:
                self._note_told(document["_id"])
                told += 1
        return told

    def _note(self, kind: Kind, window: StoredWindow, session: ClientSession) -> Notice | None:
        notice = Notice(
            id=f"{kind}:{window.topic}:{window.start.isoformat(timespec='milliseconds')}",
            kind=kind,
            topic=window.topic,
            start=window.start,
            end=window.end,
            expected=window.tally.expected,
            received=window.tally.received,
            missed=window.tally.missed,
            rate=window.tally.rate or 0.0,
        )
        document = {
            "notice": msgspec.to_builtins(notice, builtin_types=(datetime,)),
            "told": self._tell is None,
            "dueAt": window.end,
        }
        notices = self._ledger.collection(NOTICES, session)
        written = notices.update_one({"_id": notice.id}, {"$setOnInsert": document}, upsert=True, session=session)
        return notice if written.upserted_id is not None else None

    def _recovery(self, topic: str, session: ClientSession) -> Notice | None:
        state = self._ledger.collection(STATE, session).find_one({"_id": _alarm(topic)}, session=session)
        window = newest(self._ledger, topic, session)
        if state is None or window is None or state["alarmed"] is None:
            return None
        below = self._thresholds.is_below(topic, window.tally.rate)
        if not has_recovered(alarmed=_ms(state["alarmed"]), newest=_ms(window.start), is_below=below):
            return None
        self._ledger.collection(STATE, session).update_one(
            {"_id": _alarm(topic)}, {"$set": {"alarmed": None}}, session=session
        )
        return self._note("recovery", window, session)

    def _set_alarmed(self, topic: str, start: datetime, session: ClientSession) -> None:
        states = self._ledger.collection(STATE, session)
        states.update_one({"_id": _alarm(topic)}, {"$max": {"alarmed": start}}, upsert=True, session=session)

    def _next(self) -> Document | None:
        with translated(), pymongo.timeout(SECONDS):
            return self._ledger.collection(NOTICES).find_one_and_update(
                {"told": False, "$expr": {"$lte": ["$dueAt", "$$NOW"]}},
                [{"$set": {"dueAt": {"$add": ["$$NOW", AGAIN_MS]}}}],
                sort=[("dueAt", ASCENDING)],
                return_document=ReturnDocument.AFTER,
            )

    def _note_told(self, notice_id: str) -> None:
        with translated(), pymongo.timeout(SECONDS):
            self._ledger.collection(NOTICES).update_one({"_id": notice_id}, {"$set": {"told": True}})


def _alarm(topic: str) -> Document:
    return {"alarm": topic}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
