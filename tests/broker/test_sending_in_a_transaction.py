"""Sending inside the caller's own transaction: a record and its message are written together, or neither is."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from cqrs.broker import (
    Broker,
    IdempotencyConflict,
    InvalidMessage,
    Message,
    NoTransaction,
    Producer,
    Sent,
    define_producer,
    define_topic,
)
from tests.broker.stored_messages import require_no_gaps, values

TOPIC = "orders"

Client = MongoClient[dict[str, Any]]


class Refused(Exception):
    """What the caller's own code raises."""


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of the caller's own, with nothing of the broker's settings."""
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
        yield client


@pytest.fixture
def records(broker: Broker, client: Client) -> Any:
    client[broker.config.database].create_collection("records")
    return client[broker.config.database]["records"]


@pytest.fixture
def producer(broker: Broker) -> Producer:
    broker.topics.create(define_topic(name=TOPIC))
    return broker.create_producer(define_producer(topic=TOPIC))


def test_record_and_message_commit_together(broker: Broker, producer: Producer, client: Client, records: Any) -> None:
    def work(session: ClientSession) -> list[Sent]:
        records.insert_one({"_id": 1}, session=session)
        return producer.send(Message(value="recorded"), session=session)

    with client.start_session() as session:
        sent = session.with_transaction(work)

    assert sent == [Sent(partition=0, offset=0)]
    assert (values(broker, TOPIC), records.count_documents({})) == (["recorded"], 1)


def test_neither_is_there_before_the_commit(broker: Broker, producer: Producer, client: Client, records: Any) -> None:
    with client.start_session() as session, session.start_transaction():
        records.insert_one({"_id": 1}, session=session)
        producer.send(Message(value="recorded"), session=session)

        seen = (values(broker, TOPIC), records.count_documents({}))

    assert seen == ([], 0)


def test_an_abort_leaves_neither_and_no_gap(broker: Broker, producer: Producer, client: Client, records: Any) -> None:
    def work(session: ClientSession) -> None:
        records.insert_one({"_id": 1}, session=session)
        producer.send([Message(value=1), Message(value=2)], idempotency_key="k", session=session)
        raise Refused

    with client.start_session() as session, pytest.raises(Refused):
        session.with_transaction(work)
    producer.send(Message(value="next"), idempotency_key="k")

    assert (values(broker, TOPIC), records.count_documents({})) == (["next"], 0)
    require_no_gaps(broker, TOPIC)


def test_a_conflict_with_another_sender_repeats_the_callers_work(
    broker: Broker, producer: Producer, client: Client, records: Any
) -> None:
    attempts: list[ClientSession] = []

    def work(session: ClientSession) -> list[Sent]:
        records.insert_one({"_id": 1}, session=session)
        if not attempts:
            producer.send(Message(value="other"))
        attempts.append(session)
        return producer.send(Message(value="mine"), session=session)

    with client.start_session() as session:
        sent = session.with_transaction(work)

    assert len(attempts) == 2
    assert sent == [Sent(partition=0, offset=1)]
    assert (values(broker, TOPIC), records.count_documents({})) == (["other", "mine"], 1)


def test_a_topic_that_appears_during_the_transaction_repeats_the_callers_work(
    broker: Broker, client: Client, records: Any
) -> None:
    producer = broker.create_producer(define_producer(topic="new", partitions=2))

    def work(session: ClientSession) -> list[Sent]:
        records.insert_one({"_id": 1}, session=session)
        return producer.send([Message(key="order-1", value=1), Message(key="a", value=2)], session=session)

    with client.start_session() as session:
        sent = session.with_transaction(work)

    assert [place.partition for place in sent] == [1, 1]
    assert (values(broker, "new"), records.count_documents({})) == ([1, 2], 1)


def test_partitions_added_during_the_transaction_repeat_the_callers_work(
    broker: Broker, producer: Producer, client: Client, records: Any
) -> None:
    attempts: list[ClientSession] = []

    def work(session: ClientSession) -> list[Sent]:
        records.insert_one({"_id": 1}, session=session)
        if not attempts:
            broker.topics.add_partitions(name=TOPIC, partitions=12)
        attempts.append(session)
        return producer.send(Message(key="order-1", value=1), session=session)

    with client.start_session() as session:
        sent = session.with_transaction(work)

    assert sent == [Sent(partition=5, offset=0)]
    assert len(attempts) == 2


def test_a_used_key_stores_nothing_there_either(broker: Broker, producer: Producer, client: Client) -> None:
    first = producer.send(Message(value=1), idempotency_key="k")

    with client.start_session() as session, session.start_transaction():
        again = producer.send(Message(value=1), idempotency_key="k", session=session)
    with client.start_session() as session, session.start_transaction(), pytest.raises(IdempotencyConflict):
        producer.send(Message(value=2), idempotency_key="k", session=session)

    assert again == first
    assert values(broker, TOPIC) == [1]


def test_a_wrong_message_leaves_the_transaction_usable(broker: Broker, producer: Producer, client: Client) -> None:
    with client.start_session() as session, session.start_transaction():
        with pytest.raises(InvalidMessage):
            producer.send(Message(value=object()), session=session)
        producer.send(Message(value="right"), session=session)

    assert values(broker, TOPIC) == ["right"]


def test_a_session_without_a_transaction_is_refused(broker: Broker, producer: Producer, client: Client) -> None:
    with client.start_session() as session, pytest.raises(NoTransaction):
        producer.send(Message(value=1), session=session)

    assert values(broker, TOPIC) == []
