"""What people are told of topics: noted in the transaction that stores the windows, told until somebody has it."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
import pymongo
from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession

from cqrs.broker.mongodb import translated
from cqrs.conversion import converted
from cqrs.delivery.alarm import Thresholds, has_recovered
from cqrs.delivery.ledger import NOTICES, STATE, Ledger
from cqrs.delivery.records import Document, milliseconds
from cqrs.delivery.stored_windows import StoredWindow, newest
from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

SECONDS = 10.0
AGAIN_MS = 30_000
# Windows are counted in between.
TELLING_SECONDS = 5.0

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
    """Notes and sends notices: each goes to the log, and to `tell` until that has returned, where there is one."""

    def __init__(self, ledger: Ledger, thresholds: Thresholds, tell: Tell | None = None) -> None:
        self._ledger = ledger
        self._thresholds = thresholds
        self._tell = tell

    def note(self, windows: list[StoredWindow], session: ClientSession) -> None:
        """Note what is to be told of windows that were stored in the session's transaction."""
        for window in windows:
            if self._thresholds.is_below(window.topic, window.tally.rate) and self._note("alarm", window, session):
                self._set_alarmed(window.topic, window.start, session)
        for topic, alarmed in self._alarmed({window.topic for window in windows}, session):
            self._note_recovery(topic, alarmed, session)

    def send_due(self) -> int:
        """Tell of what was noted and not told, oldest first, and return how many were; takes a few seconds at most.

        What `tell` raises is logged, and it is called again half a minute later; after Unavailable the others wait as
        long. Who is killed before it is noted that a notice was told leaves it to be told again. Raises Unavailable
        where MongoDB is away.
        """
        until = time.monotonic() + TELLING_SECONDS
        told, is_away = 0, False
        while time.monotonic() < until and (document := self._next()) is not None:
            notice = converted(document["notice"], Notice)
            if not document["logged"]:
                _log(notice)
            error = None if is_away else self._error_of_telling(notice)
            is_told = error is None and not is_away
            self._note_done(notice, told=is_told)
            told += is_told
            is_away = is_away or isinstance(error, Unavailable)
        return told

    def _error_of_telling(self, notice: Notice) -> Exception | None:
        try:
            if self._tell is not None:
                self._tell(notice)
        except Exception as error:  # noqa: BLE001 - what keeps one from being told says nothing about the others
            fields = {"notice": notice.id, "error_type": type(error).__name__}
            logger.warning("could not tell of a completion rate", extra=fields)
            return error
        return None

    def _note(self, kind: Kind, window: StoredWindow, session: ClientSession) -> bool:
        """Note it, once; say whether it is new."""
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
            "told": False,
            "logged": False,
            "dueAt": window.end,
        }
        notices = self._ledger.collection(NOTICES, session)
        written = notices.update_one({"_id": notice.id}, {"$setOnInsert": document}, upsert=True, session=session)
        return written.upserted_id is not None

    def _alarmed(self, topics: set[str], session: ClientSession) -> list[tuple[str, datetime]]:
        """Return which of the topics have not recovered from an alarm, and the window of the last one, by topic."""
        which = {"_id": {"$in": [_alarm(topic) for topic in topics]}, "alarmed": {"$ne": None}}
        found = self._ledger.collection(STATE, session).find(which, session=session)
        return sorted((state["_id"]["alarm"], state["alarmed"]) for state in found)

    def _note_recovery(self, topic: str, alarmed: datetime, session: ClientSession) -> None:
        window = newest(self._ledger, topic, session)
        if window is None:
            return
        below = self._thresholds.is_below(topic, window.tally.rate)
        if has_recovered(alarmed=milliseconds(alarmed), newest=milliseconds(window.start), is_below=below):
            states = self._ledger.collection(STATE, session)
            states.update_one({"_id": _alarm(topic)}, {"$set": {"alarmed": None}}, session=session)
            self._note("recovery", window, session)

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

    def _note_done(self, notice: Notice, *, told: bool) -> None:
        with translated(), pymongo.timeout(SECONDS):
            notices = self._ledger.collection(NOTICES)
            notices.update_one({"_id": notice.id}, {"$set": {"logged": True, "told": told}})


def _log(notice: Notice) -> None:
    fields = {"topic": notice.topic, "start": notice.start.isoformat(), "rate": notice.rate}
    if notice.kind == "alarm":
        logger.warning("completion rate below threshold", extra={**fields, "missed": notice.missed})
    else:
        logger.warning("completion rate recovered", extra=fields)


def _alarm(topic: str) -> Document:
    return {"alarm": topic}
