"""Failing records: tried again in place, then out of the way with what follows of their key; nobody else waits."""

import threading
from collections.abc import Callable

import msgspec
import pytest
from pymongo.errors import DuplicateKeyError

from cqrs.broker import BatchFailed, Broker, ConsumerRecord
from cqrs.broker.consumer import Consumer
from cqrs.errors import Unavailable
from cqrs.testing.waiting import wait_until
from tests.broker.handled import Handled, committed, consumer_of, make_topic, send
from tests.broker.letters import Failing, parked, send_keyed, wait_for_letters


def test_a_failing_record_is_tried_again_in_place_before_the_next(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    failing = Failing(bad=2)
    handled = Handled(failing)
    subscribe(handled)

    send(broker, ["good", "bad", "better"], key="one")
    handled.wait_for(3)

    assert failing.attempts == ["good", "bad", "bad", "bad", "better"]
    assert handled.values == ["good", "bad", "better"]
    assert parked(broker) == []


def test_a_record_that_keeps_failing_becomes_a_dead_letter_with_its_cause(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    subscribe(Failing(bad=99), max_retries=3)

    send(broker, ["good"], key="other")
    send(broker, ["bad"], key="one")
    (letter,) = wait_for_letters(broker, 1)

    assert letter.record.message.value == "bad"
    assert (letter.record.partition, letter.record.offset, letter.record.message.key) == (0, 1, "one")
    assert (letter.state, letter.attempts, len(letter.failed_at)) == ("parked", 3, 3)
    assert (letter.error_type, letter.error) == ("ValueError", "cannot take bad")
    assert committed(broker) == [2]


def test_a_record_cannot_be_two_letters(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    subscribe(Failing(bad=99), max_retries=1)
    send(broker, ["bad"])
    wait_for_letters(broker, 1)
    letter = broker.store.dead_letters.find_one({}, {"_id": 0})

    assert letter is not None
    with pytest.raises(DuplicateKeyError):
        broker.store.dead_letters.insert_one(letter)


def test_a_letter_keeps_the_value_as_it_was_sent(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    odd = {"$ref": "x", "$id": 1, "$set": {"a.b": [2**40, None, {"": "$$NOW"}]}}

    def fail(_: ConsumerRecord) -> None:
        raise ValueError

    subscribe(fail, max_retries=1)
    send(broker, [odd], key="$key")
    (letter,) = wait_for_letters(broker, 1)

    assert letter.record.message.value == odd
    assert letter.record.message.key == "$key"


def test_later_records_of_the_key_wait_in_order_and_other_keys_go_on(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    handled = Handled(Failing(a1=99))
    subscribe(handled)

    send_keyed(broker, ("a", "a1"), ("b", "b1"), ("a", "a2"), (None, "none"), ("b", "b2"), ("a", "a3"))
    wait_for_letters(broker, 3)
    handled.wait_for(3)

    assert parked(broker) == [("a1", "parked"), ("a2", "waiting"), ("a3", "waiting")]
    assert handled.values == ["b1", "none", "b2"]


def test_a_failing_record_without_a_key_holds_up_nobody(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    handled = Handled(Failing(bad=99))
    subscribe(handled)

    send_keyed(broker, (None, "bad"), (None, "good"))
    handled.wait_for(1)

    assert handled.values == ["good"]
    assert parked(broker) == [("bad", "parked")]


def test_keys_stay_held_for_whoever_owns_the_partition_next(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    consumer = subscribe(Failing(a1=99))
    send_keyed(broker, ("a", "a1"))
    wait_for_letters(broker, 1)
    consumer.unsubscribe()

    handled = Handled()
    subscribe(handled)
    send_keyed(broker, ("a", "a2"), ("b", "b1"))
    handled.wait_for(1)

    assert handled.values == ["b1"]
    assert parked(broker) == [("a1", "parked"), ("a2", "waiting")]


def test_unavailability_counts_no_attempt_and_is_waited_out(broker: Broker, subscribe: Callable[..., Consumer]) -> None:
    outages = iter(range(3))

    def fail(_: ConsumerRecord) -> None:
        if next(outages, None) is not None:
            raise Unavailable("elsewhere")

    handled = Handled(fail)
    subscribe(handled, max_retries=1)
    send(broker, ["a"])
    handled.wait_for(1)

    assert handled.values == ["a"]
    assert parked(broker) == []


def test_the_error_handler_gets_every_error_and_may_fail_itself(broker: Broker) -> None:
    make_topic(broker)
    told: list[tuple[str, int]] = []

    def on_error(error: Exception, record: ConsumerRecord | None) -> None:
        assert record is not None
        told.append((str(error), record.offset))
        raise RuntimeError

    handled = Handled(Failing(bad=99))
    consumer_of(broker, max_retries=2).subscribe(handled, on_error)
    send(broker, ["bad", "good"])
    handled.wait_for(1)

    assert told == [("cannot take bad", 0)] * 2


def test_stopping_does_not_wait_for_the_next_attempt_and_leaves_the_record_unhandled(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    failing = Failing(bad=1)
    consumer = subscribe(failing, retry_delay_ms=600_000)
    send(broker, ["good", "bad"])
    wait_until(lambda: "bad" in failing.attempts, "it has failed once")

    ending = threading.Thread(target=consumer.unsubscribe)
    ending.start()
    ending.join(60)

    assert not ending.is_alive()
    assert committed(broker) == [1]
    assert parked(broker) == []


def test_a_poison_record_in_a_batch_holds_back_only_itself(broker: Broker) -> None:
    make_topic(broker)
    handled: list[str] = []

    def handle(records: list[ConsumerRecord]) -> None:
        if any(record.message.value == "bad" for record in records):
            raise ValueError("bad")
        handled.extend(record.message.value for record in records)

    told: list[tuple[Exception, object]] = []
    send_keyed(broker, ("a", "1"), ("b", "bad"), ("c", "2"), ("b", "3"))
    consumer_of(broker).subscribe(handle, lambda error, record: told.append((error, record)), batch=True)
    wait_for_letters(broker, 2)

    batch, record = told[0]
    assert isinstance(batch, BatchFailed)
    assert (batch.first, batch.last, str(batch.__cause__), record) == (0, 3, "bad", None)
    assert handled == ["1", "2"]
    assert parked(broker) == [("bad", "parked"), ("3", "waiting")]


def test_a_batch_in_which_a_record_has_to_wait_is_not_handled_as_one(broker: Broker) -> None:
    make_topic(broker)
    handled: list[str] = []

    def handle(records: list[ConsumerRecord]) -> None:
        if any(record.message.value == "a1" for record in records):
            raise ValueError("a1")
        handled.extend(record.message.value for record in records)

    consumer_of(broker).subscribe(handle, batch=True)
    send_keyed(broker, ("a", "a1"))
    wait_for_letters(broker, 1)
    send_keyed(broker, ("b", "b1"), ("a", "a2"), ("b", "b2"))
    wait_until(lambda: "b2" in handled, "the others are handled")

    assert handled == ["b1", "b2"]
    assert parked(broker) == [("a1", "parked"), ("a2", "waiting")]


class Order(msgspec.Struct, frozen=True):
    id: str


def test_a_payload_of_the_wrong_shape_is_a_dead_letter_at_once(
    broker: Broker, subscribe: Callable[..., Consumer]
) -> None:
    handled = Handled()
    subscribe(handled, payload=Order, max_retries=5)

    send(broker, [{"id": 1}, {"id": "a"}])
    (letter,) = wait_for_letters(broker, 1)
    handled.wait_for(1)

    assert (letter.error_type, letter.attempts) == ("InvalidPayload", 1)
    assert handled.values == [Order(id="a")]
