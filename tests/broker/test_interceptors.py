"""Interceptors take part in the transaction that stores the records."""

from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, BrokerConfig, ConsumerRecord, Interceptor, Message, Producer, define_producer
from tests.broker.stored_messages import counted, values

TOPIC = "orders"


class Refused(Exception):
    """What an interceptor raises."""


class Notes(Interceptor):
    """Writes a note of each record, and refuses the value `bad`."""

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        notes = session.client[self.database]["notes"]
        notes.insert_many(
            [{"_id": record.offset, "value": record.message.value, "at": record.timestamp} for record in records],
            session=session,
        )
        if any(record.message.value == "bad" for record in records):
            raise Refused

    def __init__(self, database: str) -> None:
        self.database = database


class Failures(Interceptor):
    """Remembers the messages of calls that have failed."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Message]] = []
        self.is_closed = False

    def after_failing(self, topic: str, messages: Sequence[Message], error: Exception) -> None:
        assert isinstance(error, Refused)
        self.heard += [(topic, message) for message in messages]

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def noted(broker_config: BrokerConfig) -> Any:
    with Broker(broker_config, interceptors=[Interceptor(), Notes(broker_config.database)]) as broker:
        broker.store.create_collection("notes")
        yield broker


@pytest.fixture
def producer(noted: Broker) -> Producer:
    return noted.create_producer(define_producer(topic=TOPIC))


def notes(broker: Broker) -> list[Any]:
    return [(note["_id"], note["value"]) for note in broker.store.database["notes"].find().sort("_id", 1)]


def test_it_gets_the_records_as_they_will_be_stored(noted: Broker, producer: Producer) -> None:
    producer.send([Message(value="a"), Message(value="b")])

    stored = noted.store.messages(TOPIC).find_one({"_id.offset": 1})
    note = noted.store.database["notes"].find_one({"_id": 1})
    assert notes(noted) == [(0, "a"), (1, "b")]
    assert stored is not None
    assert note is not None
    assert stored["appendedAt"] == note["at"]


def test_what_it_raises_aborts_messages_and_notes(noted: Broker, producer: Producer) -> None:
    with pytest.raises(Refused):
        producer.send([Message(value="a"), Message(value="bad")])

    assert (values(noted, TOPIC), notes(noted), counted(noted, TOPIC)) == ([], [], {})


def test_it_takes_part_in_the_callers_transaction(noted: Broker, producer: Producer) -> None:
    with noted.store.client.start_session() as session:
        session.start_transaction()
        producer.send(Message(value="a"), session=session)
        session.abort_transaction()
    with noted.store.client.start_session() as session, session.start_transaction():
        producer.send(Message(value="b"), session=session)

    assert notes(noted) == [(0, "b")]


def test_it_hears_of_a_send_that_has_failed(broker_config: BrokerConfig) -> None:
    failures = Failures()
    with Broker(broker_config, interceptors=[failures, Notes(broker_config.database)]) as broker:
        producer = broker.create_producer(define_producer(topic=TOPIC))

        with pytest.raises(Refused):
            producer.send(Message(value="bad", headers={"eventId": "1"}))

    assert [(topic, message.headers) for topic, message in failures.heard] == [(TOPIC, {"eventId": "1"})]


def test_it_is_closed_with_the_broker(broker_config: BrokerConfig) -> None:
    failures = Failures()
    broker = Broker(broker_config, interceptors=[failures]).connect()

    broker.disconnect()

    assert failures.is_closed
