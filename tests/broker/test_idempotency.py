"""Idempotency keys: a repeated call stores nothing and returns what it returned; other content is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from cqrs.broker import (
    Broker,
    IdempotencyConflict,
    InvalidIdempotencyKey,
    Message,
    Producer,
    Sent,
    define_producer,
    define_topic,
)
from tests.broker.stored_messages import require_no_gaps, values
from tests.broker.transactions import aborts

TOPIC = "orders"


@pytest.fixture
def producer(broker: Broker) -> Producer:
    broker.topics.create(define_topic(name=TOPIC, partitions=3))
    return broker.create_producer(define_producer(topic=TOPIC, partition_strategy="round-robin"))


def test_a_repeated_call_returns_the_same_offsets_and_stores_nothing(broker: Broker, producer: Producer) -> None:
    messages = [Message(key=str(number), value={"n": number}) for number in range(5)]
    first = producer.send(messages, idempotency_key="k")

    again = [producer.send(messages, idempotency_key="k") for _ in range(3)]

    assert again == [first] * 3
    assert len(values(broker, TOPIC)) == 5
    require_no_gaps(broker, TOPIC)


@pytest.mark.parametrize(
    "other",
    [
        [Message(value=2)],
        [Message(value=1.0)],
        [Message(value=1, key="")],
        [Message(value=1, headers={"a": "b"})],
        [Message(value=1, timestamp=datetime(2030, 1, 1, tzinfo=UTC))],
        [Message(value=1), Message(value=1)],
    ],
)
def test_other_content_under_the_key_is_refused(broker: Broker, producer: Producer, other: list[Message]) -> None:
    producer.send(Message(value=1), idempotency_key="k")

    with pytest.raises(IdempotencyConflict) as caught:
        producer.send(other, idempotency_key="k")

    assert (caught.value.topic, caught.value.key) == (TOPIC, "k")
    assert values(broker, TOPIC) == [1]
    require_no_gaps(broker, TOPIC)


def test_one_key_on_two_topics_is_two_keys(broker: Broker, producer: Producer) -> None:
    other = broker.create_producer(define_producer(topic="invoices"))
    producer.send(Message(value=1), idempotency_key="k")

    sent = other.send(Message(value=2), idempotency_key="k")

    assert sent == [Sent(partition=0, offset=0)]
    assert values(broker, "invoices") == [2]


def test_the_key_holds_across_producers_and_added_partitions(broker: Broker, producer: Producer) -> None:
    first = producer.send(Message(value=1), idempotency_key="k")
    broker.topics.add_partitions(name=TOPIC, partitions=12)

    again = broker.create_producer(define_producer(topic=TOPIC)).send(Message(value=1), idempotency_key="k")

    assert again == first
    assert values(broker, TOPIC) == [1]


def test_many_who_send_one_key_at_once_store_it_once(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    def send(number: int) -> list[Sent]:
        return producer.send(Message(value=f"key {number % 4}"), idempotency_key=f"key {number % 4}")

    before = aborts(broker)
    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(send, range(256)))

    # A call aborts once, whatever shares its transaction; the first ones may meet the making of the collection, too.
    assert aborts(broker) - before <= 2 * 256
    assert sorted(values(broker, TOPIC)) == ["key 0", "key 1", "key 2", "key 3"]
    assert all(results[number] == results[number % 4] for number in range(256))
    require_no_gaps(broker, TOPIC)


def test_a_used_key_in_a_group_takes_nothing_from_the_others(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    producer.send(Message(value="first"), idempotency_key="used")

    def send(number: int) -> Any:
        try:
            return producer.send(Message(value=number), idempotency_key="used" if number % 8 == 0 else None)
        except IdempotencyConflict as error:
            return error

    with ThreadPoolExecutor(32) as threads:
        results = list(threads.map(send, range(256)))

    assert [number for number in range(256) if isinstance(results[number], IdempotencyConflict)] == list(
        range(0, 256, 8)
    )
    assert sorted(values(broker, TOPIC)[1:]) == [number for number in range(256) if number % 8]
    require_no_gaps(broker, TOPIC)


@pytest.mark.parametrize("key", ["", "x" * 1025, "\ud800", 5, b"k"])
def test_a_key_that_cannot_be_one_is_refused(broker: Broker, producer: Producer, key: Any) -> None:
    with pytest.raises(InvalidIdempotencyKey):
        producer.send(Message(value=1), idempotency_key=key)

    assert values(broker, TOPIC) == []


def test_keys_are_kept_for_a_day(broker: Broker) -> None:
    indexes = broker.store.sends.index_information()

    assert indexes["kept"]["expireAfterSeconds"] == 24 * 60 * 60
    assert list(indexes["kept"]["key"]) == [("at", 1)]
