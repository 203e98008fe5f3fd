"""Members whose turn fails in the middle: nothing that they own stays without a worker."""

from typing import Any

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, send


def test_what_was_gained_before_a_turn_failed_is_worked_on(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    make_topic(broker, partitions=2)
    handled = Handled()
    first = consumer_of(broker)
    first.subscribe(handled)
    wait_until(lambda: len(first.offset_info()) == 2, "the group is there")
    first.unsubscribe()
    second = consumer_of(broker)

    with MongoClient[dict[str, Any]](broker.config.mongo_uri) as client, client.start_session() as session:
        session.start_transaction()
        positions = client[broker.config.database]["positions"]
        positions.update_one({"_id.topic": TOPIC, "_id.partition": 1}, {"$set": {"held": True}}, session=session)
        second.subscribe(handled)
        wait_until(lambda: "group cannot be kept now, trying again" in caplog.messages, "the second cannot be claimed")
        claimed = owner(broker, 0)
        session.abort_transaction()
    send(broker, range(10))
    handled.wait_for(10)
    second.unsubscribe()

    assert claimed is not None
    assert sorted(handled.values) == list(range(10))
    assert committed(broker) == [5, 5]


def owner(broker: Broker, partition: int) -> object:
    position = broker.store.positions.find_one({"_id.partition": partition})
    return position and position["owner"]
