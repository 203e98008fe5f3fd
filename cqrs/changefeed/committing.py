"""When a shard stores how far it has got: with every batch that is handled, soon at the latest, and never too often."""

import time

import pymongo

from cqrs.broker.positions import Claim
from cqrs.broker.store import Store
from cqrs.changefeed import positions
from cqrs.changefeed.handled_keys import HandledKeys
from cqrs.changefeed.positions import Unheld
from cqrs.changefeed.schedule import Entry, Schedule

STORE_SECONDS = 5.0
# At most as many changes are stored at once as one transaction takes well.
MOST = 1000
# When all is handled, or after so long; where nothing was handled, only now and then, so that the history cannot be
# lost while nothing happens.
COMMIT_SECONDS = 0.2
PROGRESS_SECONDS = 10.0


class Committing:
    """Stores the position of one shard under its claim. Its methods raise Fenced and Unavailable."""

    def __init__(self, store: Store, claim: Claim, handled: HandledKeys | None) -> None:
        self._store = store
        self._claim = claim
        self._handled = handled
        self._committed_at = time.monotonic()

    def commit_if_due(self, schedule: Schedule) -> None:
        """Store what is finished, if it is time."""
        due = self.due_in(schedule)
        if due is not None and due <= 0:
            self.commit(schedule)

    def commit(self, schedule: Schedule, *, seconds: float = STORE_SECONDS) -> None:
        """Store what is finished; what needs not wait behind a letter any more is to be handled and stays."""
        while entries := schedule.front(MOST):
            try:
                with pymongo.timeout(seconds):
                    positions.commit(self._store, self._claim, entries, self._handled)
            except Unheld as unheld:
                schedule.release(unheld.entry)
            else:
                schedule.committed(entries)
                self._committed_at = time.monotonic()

    def due_in(self, schedule: Schedule) -> float | None:
        """Return the seconds until there is something to store; None where there is nothing."""
        # What only passes is one entry; two tell whether there is more than that.
        entries = schedule.front(2)
        if not entries:
            return None
        since = time.monotonic() - self._committed_at
        if all(_only_passes(entry) for entry in entries):
            return PROGRESS_SECONDS - since
        return 0.0 if schedule.is_finished else COMMIT_SECONDS - since


def _only_passes(entry: Entry) -> bool:
    return entry.change is None and entry.point.scan is None
