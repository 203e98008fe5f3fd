"""The worker of one owned shard: takes changes from its source, has them handled, and stores how far it has got."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import pymongo

from cqrs.broker import dead_letters
from cqrs.broker.errors import Fenced
from cqrs.broker.failing import UNAVAILABLE, Attempts, Failure
from cqrs.broker.positions import Claim
from cqrs.changefeed import declared, positions
from cqrs.changefeed.change import age
from cqrs.changefeed.circumstances import Circumstances
from cqrs.changefeed.committing import Committing
from cqrs.changefeed.giving_up import note_dead_letter
from cqrs.changefeed.handled_keys import HandledKeys
from cqrs.changefeed.hands import Hands, Outcome
from cqrs.changefeed.letter_care import LetterCare
from cqrs.changefeed.letters import record_of
from cqrs.changefeed.schedule import Entry, Schedule
from cqrs.changefeed.share import Share
from cqrs.changefeed.source import Source
from cqrs.clock import now
from cqrs.errors import CqrsError, Unavailable

STORE_SECONDS = 5.0
LEAVING_SECONDS = 2.0
# As much is on its way at the most, but for what comes in one page, and as many are read at once.
WINDOW = 1000
WINDOW_BYTES = 32 * 1024 * 1024
PAGE = 200
LONGEST_WAIT = 1.0
FIRST_BACK_OFF = 0.1


class ShardWorker:
    """Works in a thread of its own from `start` until `stop`, or until the shard is lost: see `group_member.Work`."""

    failure: CqrsError | None = None
    # The position is stored with everything that belongs to it, by the worker itself.
    release_at: int | None = None

    def __init__(self, claim: Claim, circumstances: Circumstances, *, ended: Callable[[], None]) -> None:
        self.claim = claim
        self._its = circumstances
        self._ended = ended
        self._stopping = False
        # When stopping, what was handed out before may be finished until then.
        self._finish_until = 0.0
        self._signal = threading.Event()
        self._schedule: Schedule | None = None
        self._source: Source | None = None
        feed = circumstances.feed
        handled = HandledKeys(circumstances.store, feed.name) if feed.remember else None
        self._committing = Committing(circumstances.store, claim, handled)
        self._hands: Hands[list[Entry]] = Hands(circumstances, may_handle=self._may_handle, signal=self._signal)
        self._letters = LetterCare(
            circumstances,
            claim,
            may_handle=lambda: self._may_handle() and not self._stopping,
            signal=self._signal,
            held=self._hold,
            given_up=partial(note_dead_letter, circumstances, claim),
        )
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"changefeed-{feed.name}-{claim.partition}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end after what the handler has in hand, and what came before that."""
        if not self._stopping:
            self._finish_until = time.monotonic() + LEAVING_SECONDS
        self._stopping = True
        self._signal.set()

    def retry_letters(self) -> None:
        """Ask the worker to look for dead letters that should be tried again."""
        self._letters.want()
        self._signal.set()

    def commit_if_due(self) -> None:
        """Its own thread does that, also while a handler takes long."""

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is a handler of the feed."""
        return threading.current_thread() in self._its.handling

    @property
    def source(self) -> Source | None:
        """Where the changes come from; None before it has begun."""
        return self._source

    @property
    def behind(self) -> float | None:
        """The age in seconds of the oldest change that is not finished; None where that is not known."""
        if self._schedule is None or self._source is None:
            return None
        oldest = self._schedule.oldest
        return self._source.behind() if oldest is None else age(oldest.wall_time)

    def _run(self) -> None:
        try:
            while not self._is_done():
                self._turn()
            if self._schedule is not None:
                # What it cannot store now is delivered again.
                with suppress(Unavailable):
                    self._committing.commit(self._schedule, seconds=LEAVING_SECONDS)
        except Fenced:
            self._its.log.warning("shard lost", extra=self._fields())
            self._wait_for_hands()
        finally:
            if self._source is not None:
                self._source.close()
            self._ended()

    def _wait_for_hands(self) -> None:
        """While a handler has something in hand, this process must not take the shard again: order would be broken."""
        self._stopping, self._finish_until = True, 0.0
        while not self._is_done():
            self._signal.wait(LONGEST_WAIT)
            self._signal.clear()
            self._hands.outcomes()
            self._letters.let_go()

    def _hold(self, keys: Iterable[str]) -> None:
        self._ready_schedule.hold(keys)

    def _is_done(self) -> bool:
        if not self._stopping or self._hands.busy or self._letters.is_busy:
            return False
        return self._schedule is None or not (self._may_handle() and self._schedule.is_ready)

    def _turn(self) -> None:
        try:
            self._step()
        except Fenced:
            raise
        except Unavailable as error:
            self._back_off(error)
        except Exception as error:
            # Not the handler's, whose errors are the change's: something is wrong here, and giving up would hide it.
            if not self._failures:
                self._its.log.exception("change feed cannot be read", extra=self._fields())
            self._back_off(error)
        else:
            if self._failures:
                self._failures = 0
                self._its.log.info("change feed is read again", extra=self._fields())

    def _step(self) -> None:
        self._signal.clear()
        self._begin()
        self._collect()
        self._letters.tend()
        if self._stopping:
            self._ready_schedule.close()
        found = self._fill() if self._may_handle() and not self._stopping else False
        self._ready_schedule.wake(time.monotonic())
        self._hand_over()
        self._committing.commit_if_due(self._ready_schedule)
        if not found:
            self._wait()

    def _begin(self) -> None:
        if self._source is not None:
            return
        its = self._its
        with pymongo.timeout(STORE_SECONDS):
            # Before the position, which is another owner's where the number has changed meanwhile.
            shards = declared.shards_of(its.store, its.feed.name)
            point = positions.read(its.store, self.claim)
            held = dead_letters.held_keys(its.store, self.claim)
        self._schedule = Schedule(self.claim.committed, held)
        self._source = Source(
            its.feed,
            Share(shard=self.claim.partition, shards=shards, ordered_by=its.feed.ordered_by),
            its.store,
            its.database,
            point,
            signal=self._signal,
            observer=its.observer,
        )

    def _fill(self) -> bool:
        """Take what comes next, where there is room for it; say whether there was something."""
        assert self._source is not None
        schedule = self._ready_schedule
        if self._is_full:
            return False
        found = self._source.take(min(PAGE, WINDOW - len(schedule)))
        for one in found:
            if one.change is not None and one.is_news:
                schedule.add(one.change, one.point, one.refusal, size=one.size)
            else:
                schedule.pass_over(one.point, one.change)
        return bool(found)

    def _hand_over(self) -> None:
        feed = self._its.feed
        while self._hands.is_free and self._may_handle():
            entries = self._ready_schedule.take(feed.batch_size if feed.batch else 1)
            if not entries:
                return
            if entries[0].refusal is not None:
                self._give_up(entries[0], Failure(error=entries[0].refusal, failed_at=(now(),)))
                continue
            self._hands.hand_over(entries, [entry.change for entry in entries if entry.change is not None])

    def _collect(self) -> None:
        for outcome in self._hands.outcomes():
            if not outcome.was_called:
                self._ready_schedule.again(outcome.what)
            elif outcome.error is None:
                self._ready_schedule.done(outcome.what)
            else:
                self._failed(outcome, outcome.error)

    def _failed(self, outcome: Outcome[list[Entry]], error: Exception) -> None:
        entries = outcome.what
        is_outage = isinstance(error, Unavailable)
        if len(entries) > 1 and not is_outage:
            self._its.log.warning(
                "batch could not be handled, trying its changes one by one",
                extra={**self._fields(), "changes": len(entries), "error_type": type(error).__name__},
            )
            self._ready_schedule.again(entries, alone=True)
            return
        answer = self._attempts_of(entries[0]).failed(error)
        if isinstance(answer, Failure):
            self._give_up(entries[0], answer)
        else:
            # An outage is no change's fault: those that were handled together stay together.
            self._ready_schedule.later(entries, time.monotonic() + answer, alone=not is_outage)

    def _attempts_of(self, entry: Entry) -> Attempts:
        if entry.attempts is None:
            assert entry.change is not None
            record = record_of(entry.change, self.claim, entry.number)
            entry.attempts = Attempts(self._its.feed.retry, record, on_error=None, log=self._its.log)
        return entry.attempts

    def _give_up(self, entry: Entry, failure: Failure) -> None:
        assert entry.change is not None
        self._ready_schedule.give_up(entry, failure)
        note_dead_letter(self._its, self.claim, entry.change, failure)

    def _wait(self) -> None:
        """Wait for a signal, or until something is due; not where reading the source waits by itself."""
        assert self._source is not None
        schedule = self._ready_schedule
        if self._source.mode != "shared stream" and not (self._is_full or self._stopping) and self._may_handle():
            return
        present = time.monotonic()
        seconds = [LONGEST_WAIT, *(due - present for due in (schedule.due, self._letters.due) if due is not None)]
        if (due := self._committing.due_in(schedule)) is not None:
            seconds.append(due)
        if min(seconds) > 0:
            self._signal.wait(min(seconds))

    def _may_handle(self) -> bool:
        """Whether a change may be handled now: not for long when stopping, or not known to be the owner still."""
        present = time.monotonic()
        return self._its.lease.holds(present) and (not self._stopping or present < self._finish_until)

    @property
    def _is_full(self) -> bool:
        return len(self._ready_schedule) >= WINDOW or self._ready_schedule.bytes >= WINDOW_BYTES

    @property
    def _ready_schedule(self) -> Schedule:
        assert self._schedule is not None
        return self._schedule

    def _back_off(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            self._its.log.warning(
                "change feed cannot be read now, trying again",
                extra={**self._fields(), "error_type": type(error).__name__},
            )
        self._signal.clear()
        self._signal.wait(FIRST_BACK_OFF if self._stopping else UNAVAILABLE.delay(self._failures))

    def _fields(self) -> dict[str, object]:
        return {"feed": self._its.feed.name, "shard": self.claim.partition, "epoch": self.claim.epoch}
