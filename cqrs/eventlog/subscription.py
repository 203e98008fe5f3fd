"""A subscription: reads the log shard by shard, has the events handled and moves its checkpoint, in one transaction.

A crash anywhere replays the batch. Handlers are idempotent, so replaying changes nothing.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, transaction

from cqrs.context import current, use
from cqrs.errors import Unavailable
from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog import dead_letters, ownership
from cqrs.eventlog.checkpoint import Checkpoint
from cqrs.eventlog.database import translated
from cqrs.eventlog.lanes import Lanes
from cqrs.eventlog.window import next_page, read_positions
from cqrs.isolate import isolate
from cqrs.messages import Recorded
from cqrs.retry import RetryPolicy

logger = logging.getLogger(__name__)

Handle = Callable[[Sequence[Recorded]], None]
RETRIES_A_BATCH = 20
PASSED_WORTH_WRITING = 1000
# A step that read so many events is followed by one in several lanes. Below that, larger batches in one lane cost less
# of the processor that the writers need: with 32 of them at work, two lanes took a fifth of their throughput.
BACKLOG = 500
IN_TURN = Lanes(1)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch came to: events handled and parked, events tried again, and the seconds that it took."""

    subscription: str
    shard: int
    handled: int
    parked: int
    retried: int
    seconds: float


class Outcome(NamedTuple):
    """How many events of a page were handled and how many parked."""

    handled: int
    parked: int


def ignore(_: Batch) -> None:
    """Observe nothing."""


class Subscription:
    """Reads the state events of one type of aggregate for one purpose; any number of processes may share its shards.

    `handle` gets events in the order of their aggregates, in a transaction that also holds the checkpoint. An event
    that it refuses is parked and retried after the policy; what follows it in its aggregate waits, others go on.
    Only who has paused the subscription does not heed the pause. With several `lanes`, so many shards are worked on at
    once while there is a backlog, in threads with connections of their own; then no caller's transaction may be around
    a step.
    """

    def __init__(
        self,
        name: str,
        *,
        aggregate_type: str,
        handle: Handle,
        batch_size: int = 1000,
        shards: int = checkpoints.DEFAULT_SHARDS,
        policy: RetryPolicy | None = None,
        observe: Callable[[Batch], None] = ignore,
        heeds_pause: bool = True,
        lanes: int = 1,
    ) -> None:
        self.name = name
        self.aggregate_type = aggregate_type
        self._handle = handle
        self._batch_size = batch_size
        self._planned_shards = shards
        self._policy = policy or RetryPolicy()
        self._observe = observe
        self._heeds_pause = heeds_pause
        self._lanes = Lanes(lanes)
        self._read: list[int] = []
        self._has_backlog = False
        self._shards: list[int] = []
        self._cluster = ""

    def step(self, *, upto: str | None = None) -> bool:
        """Run one batch on every shard that is free; say whether there may be more, `upto` a snapshot if one is given.

        Raises Unavailable where a store cannot be reached, SubscriptionError where an operator must act.
        """
        try:
            with translated():
                self._prepare()
                return self._run_shards(upto)
        except Unavailable:
            self._shards = []
            connection.close()
            raise

    def drain(self) -> None:
        """Run batches until nothing is left to read."""
        while self.step():
            pass

    def drain_to(self, snapshot: str) -> None:
        """Run batches until all that is visible in `snapshot` is handled or parked; it ends however much is appended.

        Parked events are left as they are. What another process has in hand it finishes itself: hold the shards, or
        ask `cqrs.eventlog.unread` afterwards.
        """
        while self.step(upto=snapshot):
            pass

    def close(self) -> None:
        """Give back threads and connections."""
        self._lanes.close()
        connection.close()

    def _prepare(self) -> None:
        if not self._shards:
            checkpoints.ensure(self.name, shards=self._planned_shards)
            self._cluster = checkpoints.system_identifier()
            self._shards = checkpoints.shards_of(self.name)

    def _run_shards(self, upto: str | None) -> bool:
        lanes = self._lanes if self._has_backlog else IN_TURN
        self._read.clear()
        progressed = lanes.each(lambda shard: self._run_shard(shard, upto), self._shards)
        self._has_backlog = sum(self._read) >= BACKLOG
        return any(progressed)

    def _run_shard(self, shard: int, upto: str | None) -> bool:
        began = time.monotonic()
        with transaction.atomic():
            if not ownership.try_own(self.name, shard):
                return False
            checkpoint = checkpoints.read(self.name, shard, cluster=self._cluster)
            if checkpoint is None or checkpoint.shards != len(self._shards):
                self._shards = []
                return True
            if checkpoint.paused and self._heeds_pause:
                return False
            return self._run_batch(checkpoint, upto, began)

    def _run_batch(self, checkpoint: Checkpoint, upto: str | None, began: float) -> bool:
        page = next_page(checkpoint, aggregate_type=self.aggregate_type, limit=self._batch_size, upto=upto)
        self._read.append(len(page.events))
        outcome = self._handle_page(page.events, checkpoint.has_dead_letters)
        if page.events or page.passed >= PASSED_WORTH_WRITING:
            checkpoints.write(page.then)
        retried = self._retry_due(checkpoint) if checkpoint.has_dead_letters and upto is None else 0
        if not page.events and not retried:
            return False
        self._observe_when_committed(checkpoint.shard, outcome, retried, began)
        return True

    def _observe_when_committed(self, shard: int, outcome: Outcome, retried: int, began: float) -> None:
        def observe() -> None:
            self._observe(
                Batch(
                    subscription=self.name,
                    shard=shard,
                    handled=outcome.handled,
                    parked=outcome.parked,
                    retried=retried,
                    seconds=time.monotonic() - began,
                )
            )

        transaction.on_commit(observe, robust=True)

    def _handle_page(self, events: list[Recorded], has_dead_letters: bool) -> Outcome:
        if has_dead_letters and events:
            held = dead_letters.held_aggregates(self.name, {event.aggregate_id for event in events})
            dead_letters.park_waiting(self.name, [event for event in events if event.aggregate_id in held])
            free = [event for event in events if event.aggregate_id not in held]
        else:
            free = events
        failed = isolate(_by_aggregate(free), self._attempt_aggregates)
        parked = sum(self._park_aggregate(aggregate) for aggregate, _ in failed)
        return Outcome(handled=len(free) - parked, parked=parked + len(events) - len(free))

    def _attempt_aggregates(self, aggregates: Sequence[list[Recorded]]) -> None:
        events = [event for aggregate in aggregates for event in aggregate]
        events.sort(key=lambda event: event.position)
        self._attempt(events)

    def _attempt(self, events: Sequence[Recorded]) -> None:
        with translated(), transaction.atomic():
            self._handle(events)

    def _park_aggregate(self, events: list[Recorded]) -> int:
        """Handle an aggregate's events up to the one that fails; park that and what follows. Returns how many."""
        for index, event in enumerate(events):
            failed = isolate([event], self._attempt)
            if failed:
                self._park(event, failed[0][1])
                dead_letters.park_waiting(self.name, events[index + 1 :])
                return len(events) - index
        return 0

    def _park(self, event: Recorded, error: Exception) -> None:
        final = self._policy.exhausted(1)
        self._log_failure(event, error, attempts=1, final=final)
        dead_letters.park_failed(self.name, event, error, delay=self._policy.delay(1), final=final)

    def _retry_due(self, checkpoint: Checkpoint) -> int:
        first, last = checkpoint.first_bucket, checkpoint.last_bucket
        due = dead_letters.due(self.name, first, last, limit=RETRIES_A_BATCH)
        for letter in due:
            self._retry(letter)
        return len(due)

    def _retry(self, letter: dead_letters.Due) -> None:
        events = read_positions([letter.position])
        failed = isolate(events, self._attempt)
        if not failed:
            dead_letters.remove(self.name, letter)
            for event in events:
                self._log(logging.INFO, "parked event handled", event)
            return
        attempts = letter.attempts + 1
        final = self._policy.exhausted(attempts)
        delay = self._policy.delay(attempts)
        event, error = failed[0]
        self._log_failure(event, error, attempts=attempts, final=final)
        dead_letters.record_failure(self.name, letter.position, error, attempts=attempts, delay=delay, final=final)

    def _log_failure(self, event: Recorded, error: Exception, *, attempts: int, final: bool) -> None:
        level = logging.ERROR if final else logging.WARNING
        message = "event became a dead letter" if final else "event could not be handled, parked"
        self._log(level, message, event, error_type=type(error).__name__, attempts=attempts)

    def _log(self, level: int, message: str, event: Recorded, **fields: object) -> None:
        """Log under the trace of the request that caused the event, whose lines name a user as `user_id` too."""
        ids = {"event_id": str(event.event_id), f"{event.aggregate_type}_id": str(event.aggregate_id)}
        with use(replace(current(), traceparent=event.traceparent)):
            logger.log(level, message, extra={"subscription": self.name, "position": event.position, **ids, **fields})


def _by_aggregate(events: Sequence[Recorded]) -> list[list[Recorded]]:
    groups: dict[UUID, list[Recorded]] = {}
    for event in events:
        groups.setdefault(event.aggregate_id, []).append(event)
    return list(groups.values())
