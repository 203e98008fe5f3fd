"""What an operator decides about parked events, and that no batch in hand gets around it."""

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest

from cqrs.eventlog import triage
from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.triage import Selection
from cqrs.messages import Recorded
from cqrs.retry import RetryPolicy
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard
from tests.eventlog.writers import Writer, is_blocked
from tests.threads import in_background

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]

AT_ONCE_DEAD = RetryPolicy(max_attempts=1)
LETTERS = "select aggregate_id, state, attempts from cqrs_dead_letter order by position"
SECONDS = 60


class Curable(Recorder):
    """Remembers what it handles, and refuses what is still poisonous."""

    def __init__(self, *poison: UUID) -> None:
        super().__init__()
        self.poison = set(poison)

    def __call__(self, events: Sequence[Recorded]) -> None:
        if self.poison & {event.aggregate_id for event in events}:
            raise ValueError("poison")
        super().__call__(events)


@pytest.fixture
def thing() -> UUID:
    return thing_in_shard(0)


@pytest.fixture
def handle(thing: UUID) -> Curable:
    return Curable(thing)


@pytest.fixture
def subscription(handle: Curable, thing: UUID, commit: Commit) -> Subscription:
    """Version 1 of the thing is dead, versions 2 and 3 wait behind it."""
    subscription = Subscription("test", aggregate_type=THING, handle=handle, policy=AT_ONCE_DEAD)
    for version in (1, 2, 3):
        commit(changed(thing, version))
        drain(subscription.step)
    return subscription


def test_what_is_dead_is_left_alone(subscription: Subscription, handle: Curable, thing: UUID, ask: Ask) -> None:
    handle.poison.clear()

    drain(subscription.step)

    assert handle.seen == []
    assert ask(LETTERS) == [(thing, "dead", 1), (thing, "waiting", 0), (thing, "waiting", 0)]


def test_a_retry_releases_what_waits_in_order(
    subscription: Subscription, handle: Curable, thing: UUID, ask: Ask
) -> None:
    handle.poison.clear()

    retried = triage.retry("test", Selection(aggregate_id=thing))
    drain(subscription.step)

    assert retried == 1
    assert handle.seen == [(thing, 1), (thing, 2), (thing, 3)]
    assert ask(LETTERS) == []


def test_a_retry_that_fails_again_is_dead_again_and_keeps_the_line(
    subscription: Subscription, thing: UUID, ask: Ask
) -> None:
    triage.retry("test", Selection())

    drain(subscription.step)

    assert ask(LETTERS) == [(thing, "dead", 1), (thing, "waiting", 0), (thing, "waiting", 0)]


def test_a_discard_lets_what_waits_go_on_without_it(
    subscription: Subscription, handle: Curable, thing: UUID, ask: Ask
) -> None:
    handle.poison.clear()
    ((first,),) = ask("select min(position) from cqrs_dead_letter")

    discarded = triage.discard("test", Selection(position=first))
    drain(subscription.step)

    assert discarded == 1
    assert handle.seen == [(thing, 2), (thing, 3)]
    assert ask(LETTERS) == []


def test_what_is_put_to_wait_while_the_event_before_it_is_discarded_does_not_wait_for_ever(
    subscription: Subscription, handle: Curable, commit: Commit, ask: Ask, new_writer: Callable[[], Writer]
) -> None:
    (thing,) = handle.poison
    in_hand, go_on = Event(), Event()

    def hold(events: Sequence[Recorded]) -> None:
        in_hand.set()
        assert go_on.wait(SECONDS)
        handle(events)

    operator, other = new_writer(), thing_in_shard(0)
    commit(changed(thing, 4), changed(other))

    # The batch has put version 4 behind the others, and is busy with another thing.
    with in_background(Subscription("test", aggregate_type=THING, handle=hold).step):
        assert in_hand.wait(SECONDS)
        with in_background(lambda: operator.do(lambda: triage.discard("test", Selection(aggregate_id=thing)))):
            wait_until(lambda: is_blocked(operator.pid), "the operator waits for the batch")
            go_on.set()
    handle.poison.clear()
    commit(changed(uuid4()))
    drain(subscription.step)

    assert (other, 1) in handle.seen
    assert ask(LETTERS) == []
