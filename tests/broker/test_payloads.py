"""Payloads as typed classes: instances and JSON are checked against the type when they are sent."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from cqrs.broker import Broker, InvalidPayload, Message, Producer, define_producer
from cqrs.broker.payloads import WrongShape, from_json
from tests.broker.stored_messages import values

TOPIC = "purchases"


class Customer(msgspec.Struct, frozen=True):
    id: str


class Purchase(msgspec.Struct, frozen=True, rename="camel"):
    customer: Customer
    amount: int
    bought_at: datetime | None = None


PURCHASE = Purchase(customer=Customer(id="c"), amount=5, bought_at=datetime(2030, 1, 1, tzinfo=UTC))
JSON = {"customer": {"id": "c"}, "amount": 5, "boughtAt": "2030-01-01T00:00:00Z"}


@pytest.fixture
def producer(broker: Broker) -> Producer:
    return broker.create_producer(define_producer(topic=TOPIC, payload=Purchase))


def test_an_instance_is_stored_as_json_and_read_back_as_an_instance(broker: Broker, producer: Producer) -> None:
    producer.send(Message(value=PURCHASE))

    stored = values(broker, TOPIC)
    assert stored == [JSON]
    assert from_json(stored[0], Purchase) == PURCHASE


def test_json_of_the_right_shape_is_stored_as_given(broker: Broker, producer: Producer) -> None:
    given = {"customer": {"id": "c"}, "amount": 5, "unknown": [1]}

    producer.send(Message(value=given))

    assert values(broker, TOPIC) == [given]


def test_instance_and_json_have_one_fingerprint(broker: Broker, producer: Producer) -> None:
    sent = [producer.send(Message(value=value), idempotency_key="k") for value in (PURCHASE, JSON)]

    assert sent[0] == sent[1]
    assert values(broker, TOPIC) == [JSON]


@pytest.mark.parametrize(
    "value",
    [
        {"customer": {"id": "c"}},
        {"customer": {"id": "c"}, "amount": "5"},
        Purchase(customer=Customer(id=5), amount=5),  # type: ignore[arg-type]
        Customer(id="c"),
        object(),
        None,
    ],
)
def test_any_other_shape_is_refused_before_writing(broker: Broker, producer: Producer, value: Any) -> None:
    with pytest.raises(InvalidPayload) as caught:
        producer.send([Message(value=PURCHASE), Message(value=value)])

    assert caught.value.index == 1
    assert broker.topics.all() == []


def test_a_stored_value_of_another_shape_is_told_when_it_is_read() -> None:
    with pytest.raises(WrongShape, match="amount"):
        from_json({"customer": {"id": "c"}}, Purchase)
