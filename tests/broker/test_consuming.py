"""Consuming with one member: everything once and in order, from where it should begin to where it was stopped."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import (
    Broker,
    BrokerConfig,
    ConsumerRecord,
    Interceptor,
    Timing,
)
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, no_thread_left, send


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    with no_thread_left():
        yield


def test_from_the_beginning_every_record_of_every_partition_comes_in_order(broker: Broker) -> None:
    make_topic(broker, partitions=3)
    send(broker, range(300))
    handled = Handled()

    consumer_of(broker).subscribe(handled)
    handled.wait_for(300)
    broker.disconnect()

    assert sorted(handled.values) == list(range(300))
    assert [handled.of_partition(partition) for partition in range(3)] == [list(range(100))] * 3


def test_a_new_group_begins_with_what_is_sent_after_subscribing(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["before"])
    handled = Handled()

    consumer_of(broker, from_beginning=False).subscribe(handled)
    send(broker, ["after"])
    handled.wait_for(1)
    broker.disconnect()

    assert handled.values == ["after"]


def test_nothing_sent_after_subscribing_is_missed_while_others_send(broker: Broker) -> None:
    make_topic(broker, partitions=3)
    handled, stop = Handled(), threading.Event()
    sent: list[int] = []

    def keep_sending() -> None:
        while not stop.is_set():
            send(broker, [len(sent)])
            sent.append(len(sent))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    wait_until(lambda: len(sent) > 20, "something was sent before")
    consumer_of(broker, from_beginning=False).subscribe(handled)
    certain = len(sent) + 1
    wait_until(lambda: len(sent) > certain + 50, "something is sent after")
    stop.set()
    sender.join()
    wait_until(lambda: set(handled.values) >= set(range(certain, len(sent))), "all sent since has come")
    broker.disconnect()

    assert len(handled.values) == len(set(handled.values))
    assert 0 not in handled.values


def test_a_consumer_may_come_before_its_topic_and_misses_nothing(broker: Broker) -> None:
    handled = Handled()
    consumer_of(broker, from_beginning=False).subscribe(handled)

    make_topic(broker, partitions=2)
    send(broker, range(10))
    handled.wait_for(10)
    broker.disconnect()

    assert sorted(handled.values) == list(range(10))


def test_partitions_that_are_added_are_read_from_their_beginning(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, from_beginning=False).subscribe(handled)

    broker.topics.add_partitions(name=TOPIC, partitions=4)
    send(broker, range(8))
    handled.wait_for(8)
    broker.disconnect()

    assert sorted(handled.values) == list(range(8))


def test_a_stored_offset_wins_over_the_beginning(broker: Broker) -> None:
    make_topic(broker)
    send(broker, [1, 2])
    first, second = Handled(), Handled()
    consumer = consumer_of(broker)
    consumer.subscribe(first)
    first.wait_for(2)
    consumer.unsubscribe()
    send(broker, [3])

    consumer_of(broker).subscribe(second)
    second.wait_for(1)
    broker.disconnect()

    assert second.values == [3]


def test_a_slow_first_record_keeps_the_order_of_its_partition_and_holds_up_no_other(broker: Broker) -> None:
    make_topic(broker, partitions=2)
    send(broker, range(20))
    go_on = threading.Event()
    handled = Handled(lambda record: (record.partition, record.offset) == (0, 0) and go_on.wait(60))

    consumer_of(broker).subscribe(handled)
    wait_until(lambda: len(handled.of_partition(1)) == 10, "the other partition is handled")
    while_waiting = handled.of_partition(0)
    go_on.set()
    handled.wait_for(20)
    broker.disconnect()

    assert while_waiting == []
    assert handled.of_partition(0) == list(range(10))


def test_a_batch_handler_gets_the_records_of_one_partition(broker: Broker) -> None:
    make_topic(broker, partitions=2)
    send(broker, range(50))
    batches: list[Sequence[ConsumerRecord]] = []

    consumer = consumer_of(broker, batch_size=10)
    consumer.subscribe(batches.append, batch=True)
    wait_until(lambda: sum(map(len, batches)) == 50, "all are handled")
    consumer.unsubscribe()

    assert max(map(len, batches)) == 10
    assert all(len({record.partition for record in batch}) == 1 for batch in batches)
    assert committed(broker) == [25, 25]


def test_offset_info_says_where_the_member_is(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(4))
    go_on = threading.Event()
    handled = Handled(lambda record: record.offset == 2 and go_on.wait(60))
    consumer = consumer_of(broker)

    consumer.subscribe(handled)
    handled.wait_for(2)
    wait_until(lambda: consumer.offset_info()[0].position == 2, "two are handled")
    info = consumer.offset_info()[0]
    group = consumer.lag()[0]
    go_on.set()
    broker.disconnect()

    assert (info.committed, info.position, info.latest, info.lag, info.epoch) == (0, 2, 4, 2, 1)
    assert (group.committed, group.latest, group.lag) == (0, 4, 4)


def test_values_come_as_the_declared_payload(broker: Broker) -> None:
    make_topic(broker)
    send(broker, [{"id": "a", "count": 2}])
    handled = Handled()

    consumer_of(broker, payload=Order).subscribe(handled)
    handled.wait_for(1)
    broker.disconnect()

    assert handled.values == [Order(id="a", count=2)]


class Order(msgspec.Struct, frozen=True):
    id: str
    count: int


class Heard(Interceptor):
    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []

    def after_handling(self, records: Sequence[ConsumerRecord], group_id: str, _: ClientSession | None) -> None:
        self.heard += [(record.offset, group_id) for record in records]


def test_interceptors_hear_of_what_was_handled(broker_config: BrokerConfig) -> None:
    heard = Heard()
    with Broker(broker_config, interceptors=[heard]) as broker:
        make_topic(broker)
        send(broker, ["a", "b"])

        handled = Handled()
        consumer_of(broker).subscribe(handled)
        handled.wait_for(2)

    assert heard.heard == [(0, "billing"), (1, "billing")]


def test_records_come_at_once_and_not_by_polling(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, max_await_time_ms=600_000, timing=Timing(heartbeat=0.1, session_timeout=600)).subscribe(handled)
    send(broker, [1])
    handled.wait_for(1)

    send(broker, [2])
    handled.wait_for(2)
    broker.disconnect()

    assert handled.values == [1, 2]
