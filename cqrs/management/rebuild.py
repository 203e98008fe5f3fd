"""Rebuilding a projection's documents from the log, beside the live ones, which are read and written meanwhile."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from cqrs.errors import CqrsError, Unavailable
from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog import standstill
from cqrs.eventlog.database import translated
from cqrs.eventlog.ownership import Maintenance
from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.unread import count_unread, require_readable
from cqrs.eventlog.window import take_snapshot
from cqrs.management.patience import patiently
from cqrs.management.progress import Meter
from cqrs.management.projections import Fresh, Projection
from cqrs.management.rebuild_failures import require_accepted
from cqrs.management.swap import PAUSE_SECONDS, SwapPutOff, swap
from cqrs.retry import LEAST_DELAY, RetryPolicy

logger = logging.getLogger(__name__)

# Few enough to be projected and confirmed within a second or two, while the live projection stands still.
FEW_EVENTS = 4000
CATCH_UP_SECONDS = 600.0
ATTEMPTS_TO_SWAP = 5
# What fails in a rebuild fails for what is in it: an operator decides, not the clock.
AT_ONCE = RetryPolicy(max_attempts=1)


class AlreadyRebuilding(CqrsError):
    """Somebody else rebuilds this projection."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"a rebuild of {projection!r} is running already")


class CannotCatchUp(CqrsError):
    """More comes in than can be projected. Nothing has been swapped."""

    def __init__(self, projection: str, unread: int) -> None:
        super().__init__(f"{projection!r} stays {unread} events behind; rebuild it when less comes in")


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild came to: events projected, events left out as accepted, seconds."""

    events: int
    failures: int
    seconds: float


def rebuild(
    projection: Projection, meter: Meter, *, accept_failures: int = 0, pause_seconds: float = PAUSE_SECONDS
) -> Rebuilt:
    """Build the documents anew in a fresh collection, and let it take the place of the live one.

    At most `accept_failures` events may be left out because they cannot be projected. Whatever happens before the end
    leaves the live documents as they are; what a process that was killed has left behind is cleared first. Killed
    within the swap, it leaves the live projection paused for up to `pause_seconds`, which have to be four times as
    many as the read side gives a rename.
    Raises AlreadyRebuilding, CannotCatchUp, FailuresNotAccepted, SwapPutOff, SubscriptionError, Unavailable.
    """
    began = time.monotonic()
    checkpoints.ensure(projection.name)
    require_readable(projection.name)
    with _only_one(projection.name) as maintenance:
        _clear_leftovers(projection)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        name, fresh = f"{_prefix(projection)}{stamp}", projection.begin(stamp)
        try:
            failures = _Rebuild(projection, name, fresh, meter, maintenance).run(accept_failures, pause_seconds)
        except BaseException:
            _clear_after_failure(projection, name, fresh, maintenance)
            raise
    return Rebuilt(events=meter.done, failures=failures, seconds=time.monotonic() - began)


class _Rebuild:
    """One rebuild: a subscription of its own, from before the first event, into one fresh collection."""

    def __init__(self, projection: Projection, name: str, fresh: Fresh, meter: Meter, maintenance: Maintenance) -> None:
        self._projection = projection
        self._maintenance = maintenance
        self._fresh = fresh
        self._meter = meter
        self._copying = Subscription(
            name,
            aggregate_type=projection.aggregate_type,
            handle=fresh.fill,
            policy=AT_ONCE,
            observe=lambda batch: meter.advance(batch.handled + batch.parked),
        )
        self._live = Subscription(projection.name, aggregate_type=projection.aggregate_type, handle=projection.handle)

    def run(self, accept_failures: int, pause_seconds: float) -> int:
        """Copy and swap; return how many events are left out."""
        checkpoints.ensure(self._copying.name)
        self._copy()
        for attempt in range(1, ATTEMPTS_TO_SWAP + 1):
            self._catch_up()
            failures = require_accepted(self._copying.name, accept_failures)
            try:
                swap(
                    self._projection,
                    self._copying,
                    self._fresh,
                    accept_failures=accept_failures,
                    pause_seconds=pause_seconds,
                )
            except SwapPutOff:
                if attempt == ATTEMPTS_TO_SWAP:
                    raise
                standstill.pause(self._projection.name, 0)
            else:
                break
        return failures

    def _copy(self) -> None:
        """Read the log as it is now."""
        upto = take_snapshot()
        self._meter.expect(self._unread(self._copying, upto))
        self._drain(self._copying, upto)

    def _catch_up(self) -> None:
        """Read until little is left on both sides, so that the swap is short.

        The live side is helped as well: nobody else may be at work on it, and the swap has to confirm what is left.
        """
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while (behind := self._behind(upto := take_snapshot())) > FEW_EVENTS:
            if time.monotonic() > deadline:
                raise CannotCatchUp(self._projection.name, behind)
            self._drain(self._copying, upto)
            self._drain(self._live, upto)
            # What another process has in hand is its own to finish.
            time.sleep(LEAST_DELAY)

    def _behind(self, upto: str) -> int:
        to_copy = self._unread(self._copying, upto)
        self._meter.expect(to_copy)
        return to_copy + self._unread(self._live, upto)

    def _unread(self, subscription: Subscription, upto: str) -> int:
        return count_unread(subscription.name, aggregate_type=subscription.aggregate_type, upto=upto)

    def _drain(self, subscription: Subscription, upto: str) -> None:
        while patiently(lambda: subscription.step(upto=upto), recover=self._recover):
            pass

    def _recover(self) -> None:
        # Whoever has had the right to rebuild in between has cleared ours away.
        if not self._maintenance.take() or not checkpoints.names(self._copying.name):
            raise AlreadyRebuilding(self._projection.name)


@contextmanager
def _only_one(projection: str) -> Iterator[Maintenance]:
    maintenance = Maintenance(projection)
    try:
        if not maintenance.take():
            raise AlreadyRebuilding(projection)
        yield maintenance
    finally:
        maintenance.give_back()


def _clear_leftovers(projection: Projection) -> None:
    """Remove what earlier rebuilds have left; afterwards no rename of theirs can come any more."""
    for subscription in checkpoints.names(_prefix(projection)):
        checkpoints.forget(subscription)
    for name in projection.clear():
        logger.warning("leftover of a rebuild removed", extra={"projection": projection.name, "collection": name})
    standstill.pause(projection.name, 0)


def _clear_after_failure(projection: Projection, name: str, fresh: Fresh, maintenance: Maintenance) -> None:
    try:
        with translated():
            fresh.drop()
            checkpoints.forget(name)
            if maintenance.take():
                standstill.pause(projection.name, 0)
    except Unavailable:
        # The next rebuild clears up. A pause ends by itself, later than any rename.
        logger.warning("leftovers of the rebuild stay", extra={"projection": projection.name, "subscription": name})


def _prefix(projection: Projection) -> str:
    return f"{projection.name}.rebuild."
