"""What others leave in the broker's database: it stops neither waking nor sending."""

import gc
from typing import Any

import pytest

from cqrs.broker import Broker, Message, Timing, define_producer
from tests.broker.handled import TOPIC, Handled, consumer_config, consumer_of, make_topic, send
from tests.broker.stored_messages import values

SELDOM: dict[str, Any] = {"max_await_time_ms": 600_000, "timing": Timing(heartbeat=0.1, session_timeout=600)}


@pytest.mark.parametrize("foreign", [{"_id": "foreign"}, {"_id": {"partition": "none"}}, {"_id": {"other": 1}}])
def test_a_document_that_is_no_message_does_not_end_the_waking(broker: Broker, foreign: dict[str, Any]) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, **SELDOM).subscribe(handled)
    send(broker, ["before"])
    handled.wait_for(1)

    broker.store.database[broker.store.messages(TOPIC).name].insert_one(foreign)
    send(broker, ["after"])
    handled.wait_for(2)

    assert handled.values == ["before", "after"]


def test_a_topic_that_is_created_over_messages_goes_on_behind_them(broker: Broker) -> None:
    make_topic(broker, partitions=2)
    send(broker, range(5))
    broker.store.topics.delete_one({"_id": TOPIC})
    broker.store.counters.delete_many({"_id.topic": TOPIC})

    make_topic(broker, partitions=2)
    producer = broker.create_producer(define_producer(topic=TOPIC, partition_strategy="round-robin"))
    sent = producer.send([Message(value=5), Message(value=6)])

    assert sorted(one.offset for one in sent) == [2, 3]
    assert sorted(values(broker, TOPIC)) == list(range(7))


def test_consumers_that_nobody_holds_are_not_held_by_the_broker(broker: Broker) -> None:
    for _ in range(10):
        broker.create_consumer(consumer_config())

    gc.collect()

    assert len(broker._consumers) == 0


def test_a_subscribed_consumer_that_nobody_holds_goes_on_until_the_broker_disconnects(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker).subscribe(handled)

    gc.collect()
    send(broker, [1])
    handled.wait_for(1)

    assert [consumer.is_subscribed for consumer in broker._consumers] == [True]
