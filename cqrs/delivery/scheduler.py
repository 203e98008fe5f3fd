"""The scheduler: counts each window once its grace is over, and again where something comes late.

A pass is one transaction. It begins by writing the state that all schedulers share, so that of two at the same time one
is repeated and finds what the other has done; it counts what is there in its snapshot, and moves the position on with
what it stores. Killed in the middle, it has done nothing.
"""

import logging
import time

import msgspec
import pymongo
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import transact
from cqrs.delivery.counting import Counted, count, first_published, moment, written_since
from cqrs.delivery.ledger import STATE, Ledger
from cqrs.delivery.notices import Notice, Notices
from cqrs.delivery.records import Document, milliseconds
from cqrs.delivery.stored_windows import StoredWindow, is_up_to_date, store
from cqrs.delivery.window import Windowing
from cqrs.delivery.window_log import log_window

logger = logging.getLogger(__name__)

PASS_SECONDS = 30.0
PATIENCE = 5.0
POSITION = {"_id": "position"}
# A record is written in a transaction that may end so much later: MongoDB ends them after 60 s, and looks every 30 s.
WRITTEN_BEFORE_SEEN_MS = 120_000
# Records that are about to expire go one by one: what is left of such a window is not what was.
REVISED_FOR = 0.9


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass has done: the window that it counted, if one was due, those that it revised, what is to be told."""

    counted: Counted | None
    revised: tuple[StoredWindow, ...]
    notices: tuple[Notice, ...]
    more: bool


class Scheduler:
    """The work of a worker. Any number may run: each window is counted first by one of them, and logged by that one."""

    def __init__(self, ledger: Ledger, notices: Notices, windowing: Windowing | None = None) -> None:
        self._ledger = ledger
        self._notices = notices
        self._windowing = windowing or Windowing()

    def step(self) -> bool:
        """Count the next window where one is due, and tell of what is to be told. Raises Unavailable."""
        more = False
        if self._is_due():
            client = self._ledger.client
            done = transact(client, self._pass, seconds=PASS_SECONDS)
            more = done.more
            self._log(done)
        self._notices.send_due()
        return more

    def wait(self, seconds: float) -> None:
        """Wait: nothing tells that time has passed."""
        time.sleep(seconds)

    def close(self) -> None:
        """Nothing is held."""

    def _is_due(self) -> bool:
        with translated(), pymongo.timeout(PATIENCE):
            states = self._ledger.collection(STATE)
            state = states.find_one(POSITION)
            if state is None:
                states.update_one(POSITION, {"$setOnInsert": {"next": None}}, upsert=True)
                return True
            at = milliseconds(self._ledger.client.admin.command("hello")["localTime"])
        return state.get("next") is None or self._windowing.is_due(milliseconds(state["next"]), at)

    def _pass(self, session: ClientSession) -> Pass:
        states = self._ledger.collection(STATE, session)
        # First of all: whoever else is at it conflicts here, and the snapshot is not older than what was stored last.
        state = _with_time(states, session)
        at = milliseconds(state["at"])
        start, since = self._begin(state, at, session)
        counted, changed, following = None, [], start
        if self._windowing.is_due(start, at):
            following = self._windowing.end_of(start)
            counted = count(self._ledger, start, following, session)
            changed = store(self._ledger, counted, late=False, session=session)
        more = self._windowing.is_due(following, at)
        progress = {"next": moment(following), "since": moment(since), "size": self._windowing.size}
        revised: list[StoredWindow] = []
        if not more:
            revised = self._revise(state, since, start, session)
            progress["looked"] = state["at"]
        states.update_one(POSITION, {"$set": progress}, session=session)
        notices = self._notices.note([*changed, *revised], session)
        return Pass(counted=counted, revised=tuple(revised), notices=tuple(notices), more=more)

    def _begin(self, state: Document, at: int, session: ClientSession) -> tuple[int, int]:
        """Return the window to count next, and from where on windows are of the present size."""
        if state.get("next") is None:
            first = first_published(self._ledger, session)
            start = self._windowing.start_of(at if first is None else milliseconds(first))
            return start, start
        start = milliseconds(state["next"])
        return start, milliseconds(state["since"]) if state["size"] == self._windowing.size else start

    def _revise(self, state: Document, since: int, until: int, session: ClientSession) -> list[StoredWindow]:
        """Count again what was counted before `until` and has records that were written since the last look."""
        at = milliseconds(state["at"])
        looked = milliseconds(state["looked"]) if "looked" in state else since
        oldest = max(since, at - round(self._ledger.kept_seconds * 1000 * REVISED_FOR))
        written = looked - WRITTEN_BEFORE_SEEN_MS
        touched = written_since(self._ledger, written, self._windowing, start=oldest, end=until, session=session)
        changed: list[StoredWindow] = []
        for start in sorted(touched):
            end = self._windowing.end_of(start)
            if not is_up_to_date(self._ledger, start, end, session):
                counted = count(self._ledger, start, end, session)
                changed += store(self._ledger, counted, late=True, session=session)
        return changed

    def _log(self, done: Pass) -> None:
        if done.counted is not None:
            log_window(done.counted)
        for window in done.revised:
            fields = {"topic": window.topic, "start": window.start.isoformat(), "rate": window.tally.rate}
            logger.info("window revised, records came late", extra=fields)
        self._notices.log(list(done.notices))


def _with_time(states: Collection[Document], session: ClientSession) -> Document:
    """Write the server's time into the state and return that."""
    change = [{"$set": {"at": "$$NOW"}}]
    state = states.find_one_and_update(
        POSITION, change, upsert=True, return_document=ReturnDocument.AFTER, session=session
    )
    return state or {}
