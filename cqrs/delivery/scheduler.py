"""The scheduler: counts each window once its grace is over, and again where something comes late.

It counts whole windows, takes for one as long as that needs, and stores it in a short transaction, with the position
where it is counted first: of two schedulers at the same time one learns that the other was faster. What is written
while it counts comes late. Killed in the middle, it has done nothing.
"""

import time
from functools import partial

import msgspec
import pymongo
from pymongo.client_session import ClientSession

from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import transact
from cqrs.delivery.counting import Counted, count, first_published
from cqrs.delivery.late_records import LateRecords
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.metrics import observe_counted, observe_revised
from cqrs.delivery.notices import Notices
from cqrs.delivery.position import Found, Position, advance, find
from cqrs.delivery.stored_windows import StoredWindow, store
from cqrs.delivery.window import Windowing
from cqrs.delivery.window_log import log_revised, log_window
from cqrs.delivery.window_sizes import resized

PATIENCE = 5.0
# Only so that nothing lasts for ever: the largest window that fits in memory takes a fraction of that.
COUNTING_SECONDS = 600.0
STORING_SECONDS = 30.0
# Up to so many windows in which nothing was published are counted one by one, and more than that as one.
MOST_EMPTY = 6


class Scheduler:
    """The work of a worker. Any number may run: each window is counted first by one of them, and logged by that one."""

    def __init__(self, ledger: Ledger, notices: Notices, windowing: Windowing | None = None) -> None:
        self._ledger = ledger
        self._notices = notices
        self._windowing = windowing or Windowing()
        self._late = LateRecords(ledger, self._windowing.size)

    def step(self) -> bool:
        """Count the next window where one is due, else one that something came late for; tell what is to be told.

        Raises Unavailable.
        """
        with translated(), pymongo.timeout(PATIENCE):
            found = find(self._ledger, self._windowing)
        if self._windowing.is_due(found.position.next, found.at):
            self._count_next(found)
            more = True
        else:
            more = self._count_late(found)
        self._notices.send_due()
        return more

    def wait(self, seconds: float) -> None:
        """Wait: nothing tells that time has passed."""
        time.sleep(seconds)

    def close(self) -> None:
        """Nothing is held."""

    def _count_next(self, found: Found) -> None:
        position = found.position
        with translated(), pymongo.timeout(COUNTING_SECONDS):
            counted = self._counted(position.next, found.at)
        sizes = resized(position.sizes, since=position.next, size=self._windowing.size)
        following = msgspec.structs.replace(position, next=counted.end, sizes=sizes)
        store_next = partial(self._store_next, counted, position, following)
        if transact(self._ledger.client, store_next, seconds=STORING_SECONDS):
            log_window(counted)
            observe_counted(counted)

    def _counted(self, start: int, at: int) -> Counted:
        empty = self._empty_until(start, at)
        if empty > start:
            # Not counted: what is written meanwhile belongs to one of the windows, and not to all as one.
            return Counted(start=start, end=empty, records=0, topics={}, subscriptions={}, received=())
        return count(self._ledger, start, self._windowing.end_of(start))

    def _empty_until(self, start: int, at: int) -> int:
        """Return the end of many windows in which nothing was published; the start where it is not that many."""
        least = start + MOST_EMPTY * self._windowing.size
        last = self._windowing.start_of(at - self._windowing.grace)
        if last <= least:
            return start
        first = first_published(self._ledger, since=start)
        end = last if first is None else min(last, self._windowing.start_of(first))
        return end if end > least else start

    def _store_next(self, counted: Counted, position: Position, following: Position, session: ClientSession) -> bool:
        if not advance(self._ledger, position, following, session):
            return False
        self._notices.note(store(self._ledger, counted, late=False, session=session), session)
        return True

    def _count_late(self, found: Found) -> bool:
        """Count one window again, where one needs it; say whether there may be another one."""
        with translated(), pymongo.timeout(COUNTING_SECONDS):
            bounds = self._late.next(found)
            if bounds is None:
                return self._late.has_more
            counted = count(self._ledger, *bounds)
        store_late = partial(self._store_late, counted)
        revised = transact(self._ledger.client, store_late, seconds=STORING_SECONDS)
        log_revised(revised)
        observe_revised(revised)
        self._late.done()
        return True

    def _store_late(self, counted: Counted, session: ClientSession) -> list[StoredWindow]:
        revised = store(self._ledger, counted, late=True, session=session)
        self._notices.note(revised, session)
        return revised
