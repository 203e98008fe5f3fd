"""Which windows have got records since they were counted."""

import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from cqrs.delivery.counting import written_since
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.position import WRITTEN_BEFORE_SEEN_MS, Found, note_looked
from cqrs.delivery.stored_windows import is_up_to_date
from cqrs.delivery.window_sizes import stretches

# Records that are about to expire go one by one: what is left of such a window is not what was.
REVISED_FOR = 0.9
LOOK_EVERY_MS = 10_000
# Windows that are due are counted in between: of days that were just counted all have records of late.
CHECKING_SECONDS = 1.0


class Bounds(NamedTuple):
    """When a window starts and ends."""

    start: int
    end: int


class LateRecords:
    """Looks for them every ten seconds, or every `size` milliseconds where that is less.

    A look is noted for all schedulers when all of its windows are done; who dies before has it made again.
    """

    def __init__(self, ledger: Ledger, size: int) -> None:
        self._ledger = ledger
        self._every = min(size, LOOK_EVERY_MS)
        self._waiting: deque[Bounds] = deque()
        self._looked_at: int | None = None

    def next(self, found: Found) -> Bounds | None:
        """Return the oldest window that has got records, the same until `done`; None where none is found soon."""
        if self._looked_at is None and self._is_due(found):
            self._waiting.extend(self._touched(found))
            self._looked_at = found.at
        until = time.monotonic() + CHECKING_SECONDS
        while self._waiting and time.monotonic() < until:
            if not is_up_to_date(self._ledger, *self._waiting[0]):
                return self._waiting[0]
            self.done()
        if self._waiting:
            return None
        if self._looked_at is not None:
            note_looked(self._ledger, self._looked_at)
            self._looked_at = None
        return None

    @property
    def has_more(self) -> bool:
        """Whether there are windows left to be looked at."""
        return bool(self._waiting)

    def done(self) -> None:
        """Go on with the next one."""
        self._waiting.popleft()

    def _is_due(self, found: Found) -> bool:
        looked = found.position.looked
        # Before the last look, the clock was set back: what is written now seems to be old already.
        return found.at >= looked + self._every or found.at < looked

    def _touched(self, found: Found) -> Iterator[Bounds]:
        position, at = found
        oldest = at - round(self._ledger.kept_seconds * 1000 * REVISED_FOR)
        written = min(position.looked, at) - WRITTEN_BEFORE_SEEN_MS
        for stretch in stretches(position.sizes, oldest=oldest, until=position.next):
            starts = written_since(self._ledger, written, stretch.windowing, start=stretch.start, end=stretch.end)
            yield from (Bounds(start, stretch.windowing.end_of(start)) for start in sorted(starts))
