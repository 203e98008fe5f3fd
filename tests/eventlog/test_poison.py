"""A poisonous event holds back its own thing alone, in order, until it is handled or given up with its cause."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import django.db
import pytest

from cqrs.eventlog.subscription import Batch
from cqrs.messages import Recorded
from cqrs.retry import RetryPolicy
from cqrs.testing.drain import drain
from tests.eventlog.parked import CHECKPOINTS, LETTERS, MAKE_DUE, TWICE, subscribe
from tests.eventlog.poison import Poisoned, Refused, effects
from tests.eventlog.things import changed, thing_in_shard

pytestmark = pytest.mark.usefixtures("traces")

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]
NoCommit = Callable[[], AbstractContextManager[None]]


def test_a_poison_in_a_batch_of_a_thousand_holds_back_only_itself(commit: Commit, ask: Ask) -> None:
    poison, things = thing_in_shard(0), [thing_in_shard(0) for _ in range(998)]
    handle, batches = Poisoned(poison), list[Batch]()
    commit(*(changed(thing) for thing in [*things, poison]))
    commit(changed(poison, 2))

    subscribe(handle, observe=batches.append).step()

    assert sorted(effects()) == sorted((thing, 1) for thing in things)
    assert ask(LETTERS) == [(poison, "retrying", 1, "Refused", "poison"), (poison, "waiting", 0, None, None)]
    assert [(batch.handled, batch.parked) for batch in batches] == [(998, 2)]
    assert handle.attempts < 30


def test_what_precedes_the_poison_in_its_own_aggregate_is_handled(commit: Commit, ask: Ask) -> None:
    thing = uuid4()
    for version in (1, 2, 3, 4):
        commit(changed(thing, version))

    def refuse_the_second(events: Sequence[Recorded]) -> None:
        Poisoned()(events)
        if any(event.version == 2 for event in events):
            raise Refused("the second")

    drain(subscribe(refuse_the_second).step)

    assert effects() == [(thing, 1)]
    assert [(state, attempts) for _, state, attempts, *_ in ask(LETTERS)] == [
        ("retrying", 1),
        ("waiting", 0),
        ("waiting", 0),
    ]


def test_later_events_wait_behind_it_and_others_go_on(commit: Commit, ask: Ask) -> None:
    poison, other = thing_in_shard(0), thing_in_shard(0)
    subscription = subscribe(Poisoned(poison))
    commit(changed(poison, 1), changed(other, 1))
    drain(subscription.step)

    commit(changed(poison, 2), changed(other, 2))
    drain(subscription.step)

    assert effects() == [(other, 1), (other, 2)]
    assert [(thing, state) for thing, state, *_ in ask(LETTERS)] == [(poison, "retrying"), (poison, "waiting")]


def test_a_cured_poison_goes_on_in_order(commit: Commit, ask: Ask) -> None:
    thing = uuid4()
    handle = Poisoned(thing)
    subscription = subscribe(handle)
    for version in (1, 2, 3):
        commit(changed(thing, version))
        drain(subscription.step)

    handle.poison.clear()
    commit(changed(thing, 4))
    ask(MAKE_DUE)
    drain(subscription.step)

    assert effects() == [(thing, version) for version in (1, 2, 3, 4)]
    assert ask(LETTERS) == []


def test_an_attempt_waits_for_its_back_off(commit: Commit, ask: Ask) -> None:
    handle = Poisoned(thing := uuid4())
    policy = RetryPolicy(max_attempts=5, base=40.0, cap=100.0, jitter=0.0)
    subscription = subscribe(handle, policy=policy)
    delay = "select extract(epoch from next_attempt_at - last_attempt_at)::float from cqrs_dead_letter"
    commit(changed(thing))

    drain(subscription.step)
    attempts, delays = handle.attempts, [ask(delay)[0][0]]
    drain(subscription.step)
    attempts_before_it_was_due = handle.attempts
    for _ in range(2):
        ask(MAKE_DUE)
        drain(subscription.step)
        delays.append(ask(delay)[0][0])

    assert attempts_before_it_was_due == attempts
    assert delays == pytest.approx([40.0, 80.0, 100.0], abs=0.1)


def test_after_its_last_attempt_an_event_is_dead_with_its_cause(commit: Commit, ask: Ask) -> None:
    handle = Poisoned(thing := uuid4())
    subscription = subscribe(handle, policy=TWICE)
    commit(changed(thing))

    drain(subscription.step)
    ask(MAKE_DUE)
    drain(subscription.step)
    attempts = handle.attempts
    drain(subscription.step)

    assert ask(LETTERS) == [(thing, "dead", 2, "Refused", "poison")]
    assert ask("select next_attempt_at from cqrs_dead_letter") == [(None,)]
    assert handle.attempts == attempts


def test_a_dead_letter_and_the_position_move_on_together(commit: Commit, ask: Ask, no_commit: NoCommit) -> None:
    # The commit fails after the event was parked: neither may stay.
    poison, fine = thing_in_shard(0), thing_in_shard(0)
    subscription = subscribe(Poisoned(poison))
    drain(subscription.step)
    before = ask(CHECKPOINTS)
    commit(changed(poison), changed(fine))

    with no_commit(), pytest.raises(django.db.Error, match="no commit"):
        subscription.step()

    assert ask(LETTERS) == []
    assert ask(CHECKPOINTS) == before
