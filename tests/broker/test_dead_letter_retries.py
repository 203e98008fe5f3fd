"""What operators do with dead letters: try them again or give them up, and what waited goes on in order."""

from collections.abc import Callable

from cqrs.broker import Broker
from cqrs.broker import dead_letters as letters
from cqrs.broker.consumer import Consumer
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, send
from tests.broker.letters import Failing, parked, send_keyed, wait_for_letters


def test_after_a_retry_what_waited_follows_in_order_and_then_what_is_new(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    failing = Failing(a1=3)
    handled = Handled(failing)
    subscribe(handled)
    send_keyed(broker, ("a", "a1"), ("a", "a2"), ("a", "a3"))
    wait_for_letters(broker, 3)

    retried = letters.retry(broker.store, group=GROUP, topic=TOPIC, key="a")
    handled.wait_for(3)
    wait_for_letters(broker, 0)
    send_keyed(broker, ("a", "a4"))
    handled.wait_for(4)

    assert retried == 1
    assert handled.values == ["a1", "a2", "a3", "a4"]


def test_a_retry_that_fails_parks_again_and_counts_on(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    failing = Failing(a1=99)
    subscribe(failing, max_retries=2)
    send_keyed(broker, ("a", "a1"), ("a", "a2"))
    wait_for_letters(broker, 2)

    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    wait_until(lambda: failing.attempts == ["a1"] * 4, "it was tried again")
    wait_until(lambda: parked(broker) == [("a1", "parked"), ("a2", "waiting")], "it is parked again")

    assert letters.listing(broker.store)[0].attempts == 4
    assert failing.attempts == ["a1"] * 4


def test_discarding_lets_what_waited_go_on(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    handled = Handled(Failing(a1=99))
    subscribe(handled)
    send_keyed(broker, ("a", "a1"), ("a", "a2"), ("a", "a3"))
    first, *_ = wait_for_letters(broker, 3)

    discarded = letters.discard(broker.store, first.id)
    handled.wait_for(2)
    wait_for_letters(broker, 0)

    assert discarded
    assert handled.values == ["a2", "a3"]
    assert not letters.discard(broker.store, first.id)


def test_discarding_the_last_letter_frees_its_key_for_what_comes(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    handled = Handled(Failing(a1=99))
    subscribe(handled)
    send_keyed(broker, ("a", "a1"))
    (letter,) = wait_for_letters(broker, 1)

    letters.discard(broker.store, letter.id)
    send_keyed(broker, ("a", "a2"))
    handled.wait_for(1)

    assert handled.values == ["a2"]
    assert parked(broker) == []


def test_a_letter_may_be_retried_alone_and_by_its_id(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    handled = Handled(Failing(one=1, two=1))
    subscribe(handled, max_retries=1)
    send(broker, ["one", "two"])
    _, second = wait_for_letters(broker, 2)

    letters.retry(broker.store, group=GROUP, topic=TOPIC, letter_id=second.id)
    handled.wait_for(1)
    wait_for_letters(broker, 1)

    assert handled.values == ["two"]
    assert letters.get(broker.store, second.id) is None
