"""Changing topics while others are in the middle of a transaction: nobody waits for long, and senders not at all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pymongo
import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, Message, TopicInUse, define_producer
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, make_topic

SECONDS = 5
HOUR = 3_600_000
Changes = Callable[[Broker], object]


def keep_for_an_hour(broker: Broker) -> object:
    return broker.topics.set_retention(name=TOPIC, retention_ms=HOUR)


def keep_for_ever(broker: Broker) -> object:
    return broker.topics.set_retention(name=TOPIC, retention_ms=None)


@contextmanager
def sent_and_open(broker: Broker) -> Iterator[None]:
    """A transaction of another client, which has sent to the first partition and is not committed before the end."""
    producer = broker.create_producer(define_producer(topic=TOPIC))
    with (
        MongoClient[dict[str, Any]](broker.config.mongo_uri) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        producer.send(Message(value="open", key=key_of(0)), session=session)
        client[broker.config.database]["deadletters"].delete_one({}, session=session)
        yield


def key_of(partition: int) -> str:
    return {0: "b", 1: "a"}[partition]


def is_waiting(broker: Broker) -> bool:
    running = broker.store.client.admin.command("currentOp")["inprog"]
    return any("collMod" in one.get("command", {}) for one in running)


def test_a_topic_is_created_again_and_the_broker_connected_while_a_transaction_is_open(broker: Broker) -> None:
    make_topic(broker)

    with sent_and_open(broker), pymongo.timeout(SECONDS):
        make_topic(broker)
        broker.connect()

    assert broker.topics.get(TOPIC).partitions == 1


@pytest.mark.parametrize("change", [keep_for_an_hour, keep_for_ever])
def test_a_retention_that_is_so_already_is_set_while_a_transaction_is_open(broker: Broker, change: Changes) -> None:
    make_topic(broker)
    change(broker)

    with sent_and_open(broker):
        change(broker)

    assert broker.topics.get(TOPIC).retention_ms in {HOUR, None}


@pytest.mark.parametrize("former", [None, 1000], ids=["first", "another"])
def test_a_retention_is_not_set_within_a_transaction_and_senders_go_on(
    broker: Broker, former: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cqrs.broker.retention.PATIENCE", 1.0)
    make_topic(broker, partitions=2)
    broker.topics.set_retention(name=TOPIC, retention_ms=former)
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with sent_and_open(broker), ThreadPoolExecutor() as thread:
        changing = thread.submit(keep_for_an_hour, broker)
        sent = []
        while not changing.done():
            sent += producer.send(Message(value="meanwhile", key=key_of(1)))

    with pytest.raises(TopicInUse) as caught:
        changing.result()
    assert caught.value.topic == TOPIC
    assert {one.partition for one in sent} == {1}
    assert broker.topics.get(TOPIC).retention_ms == former


def test_a_retention_is_set_once_the_transaction_has_ended(broker: Broker) -> None:
    make_topic(broker)

    with ThreadPoolExecutor() as thread:
        with sent_and_open(broker):
            changing = thread.submit(keep_for_an_hour, broker)
            wait_until(lambda: is_waiting(broker), "it waits for the transaction")
        changing.result()

    assert broker.topics.get(TOPIC).retention_ms == HOUR
