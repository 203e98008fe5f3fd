"""Topics: created once, found by all, changed by explicit commands only."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cqrs.broker import (
    Broker,
    BrokerConfig,
    InvalidConfiguration,
    Message,
    UnknownTopic,
    define_broker,
    define_producer,
    define_topic,
)

MINUTE = 60_000


def retention_index(broker: Broker, topic: str) -> Any:
    return broker.store.messages(topic).index_information().get("retention")


def counters(broker: Broker, topic: str) -> list[Any]:
    found = broker.store.counters.find({"_id.topic": topic}).sort("_id", 1)
    return [(counter["_id"]["partition"], counter["next"], counter["partitions"]) for counter in found]


def test_a_created_topic_has_its_partitions_and_is_listed(broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders", partitions=3))
    broker.topics.create(define_topic(name="invoices"))

    topics = broker.topics.all()

    assert [(topic.name, topic.partitions) for topic in topics] == [("invoices", 1), ("orders", 3)]
    assert counters(broker, "orders") == [(0, 0, 3), (1, 0, 3), (2, 0, 3)]


def test_creating_it_again_changes_nothing(broker: Broker) -> None:
    created = broker.topics.create(define_topic(name="orders", partitions=3, retention_ms=MINUTE))

    again = broker.topics.create(define_topic(name="orders", partitions=5))

    assert again == created
    assert len(counters(broker, "orders")) == 3
    assert retention_index(broker, "orders")["expireAfterSeconds"] == 60


def test_many_who_create_it_at_once_agree(broker: Broker) -> None:
    configs = [define_topic(name="orders", partitions=partitions) for partitions in range(1, 9)]

    with ThreadPoolExecutor(8) as threads:
        topics = list(threads.map(broker.topics.create, configs))

    assert len({topic.partitions for topic in topics}) == 1
    assert len(counters(broker, "orders")) == topics[0].partitions


def test_an_unknown_topic_is_named(broker: Broker) -> None:
    with pytest.raises(UnknownTopic) as caught:
        broker.topics.get("orders")

    assert caught.value.topic == "orders"


def test_a_changed_retention_changes_the_index(broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders"))
    seen = [retention_index(broker, "orders")]

    for retention_ms in (MINUTE, 2 * MINUTE + 1, None, None):
        topic = broker.topics.set_retention(name="orders", retention_ms=retention_ms)
        assert topic.retention_ms == retention_ms
        seen.append(retention_index(broker, "orders"))

    assert [index and index["expireAfterSeconds"] for index in seen] == [None, 60, 121, None, None]


def test_a_producer_does_not_change_the_retention_of_a_topic_that_is_there(broker: Broker) -> None:
    broker.create_producer(define_producer(topic="orders")).send(Message(value="kept"))

    broker.create_producer(define_producer(topic="orders", retention_ms=1)).send(Message(value="kept too"))

    assert broker.topics.get("orders").retention_ms is None
    assert retention_index(broker, "orders") is None


def test_a_producer_creates_its_topic_with_its_retention(broker: Broker) -> None:
    broker.create_producer(define_producer(topic="orders", partitions=2, retention_ms=MINUTE)).send(Message(value=1))

    topic = broker.topics.get("orders")

    assert (topic.partitions, topic.retention_ms) == (2, MINUTE)
    assert retention_index(broker, "orders")["expireAfterSeconds"] == 60


def test_added_partitions_start_empty_and_all_counters_know_of_them(broker: Broker) -> None:
    broker.topics.create(define_topic(name="orders", partitions=2))

    topic = broker.topics.add_partitions(name="orders", partitions=4)

    assert topic.partitions == 4
    assert counters(broker, "orders") == [(0, 0, 4), (1, 0, 4), (2, 0, 4), (3, 0, 4)]


def test_partitions_cannot_be_taken_away(broker: Broker) -> None:
    created = broker.topics.create(define_topic(name="orders", partitions=2))

    with pytest.raises(InvalidConfiguration):
        broker.topics.add_partitions(name="orders", partitions=1)

    assert broker.topics.get("orders") == created


@pytest.mark.parametrize("change", [{"partitions": 2}, {"retention_ms": MINUTE}])
def test_an_unknown_topic_cannot_be_changed(broker: Broker, change: dict[str, int]) -> None:
    act: Any = broker.topics.add_partitions if "partitions" in change else broker.topics.set_retention

    with pytest.raises(UnknownTopic):
        act(name="orders", **change)

    assert broker.topics.all() == []


def test_a_name_that_its_database_has_no_room_for_is_refused(broker_config: BrokerConfig) -> None:
    config = define_broker(mongo_uri=broker_config.mongo_uri, database=broker_config.database.ljust(63, "x"))

    with Broker(config) as broker:
        with pytest.raises(InvalidConfiguration):
            broker.topics.create(define_topic(name="x" * 200))

        assert broker.topics.all() == []
        broker.store.client.drop_database(config.database)
