"""Consuming with one member: everything once and in order, from where it should begin to where it was stopped."""

import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import (
    AlreadySubscribed,
    Broker,
    BrokerConfig,
    ConsumerRecord,
    Interceptor,
    Timing,
    define_topic,
)
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, send


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Whatever a test does, nothing of its consumers is left running."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not broker_threads() - before, "the consumer's threads have ended")


def broker_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("broker-")}


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
    handled = Handled(lambda record: (record.partition, record.offset) == (0, 0) and go_on.wait(10))

    consumer_of(broker).subscribe(handled)
    wait_until(lambda: len(handled.of_partition(1)) == 10, "the other partition is handled")
    while_waiting = handled.of_partition(0)
    go_on.set()
    handled.wait_for(20)
    broker.disconnect()

    assert while_waiting == []
    assert handled.of_partition(0) == list(range(10))


def test_pausing_begins_no_record_and_loses_none(broker: Broker) -> None:
    make_topic(broker, partitions=2)
    handled = Handled()
    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    send(broker, range(10))
    handled.wait_for(10)

    consumer.pause()
    send(broker, range(10, 20))
    wait_until(lambda: sum(info.lag for info in consumer.offset_info().values()) == 10, "the lag shows them")
    while_paused = list(handled.values)
    consumer.resume()
    handled.wait_for(20)
    broker.disconnect()

    assert sorted(while_paused) == list(range(10))
    assert sorted(handled.values) == list(range(20))


def test_commits_happen_by_interval(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(5))
    handled = Handled()

    consumer_of(broker, auto_commit_interval_ms=50).subscribe(handled)

    wait_until(lambda: committed(broker) == [5], "the interval has committed all five")
    broker.disconnect()


def test_what_was_handled_is_committed_by_interval_also_while_a_record_takes_long(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(5))
    go_on = threading.Event()
    handled = Handled(lambda record: record.offset == 3 and go_on.wait(10))

    consumer_of(broker, auto_commit_interval_ms=50).subscribe(handled)

    wait_until(lambda: committed(broker) == [3], "what precedes the slow record is committed")
    go_on.set()
    broker.disconnect()


def test_unsubscribing_commits_what_was_handled_and_finishes_what_is_in_hand(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(5))
    in_hand, go_on = threading.Event(), threading.Event()

    def wait(record: ConsumerRecord) -> None:
        if record.offset == 2:
            in_hand.set()
            go_on.wait(10)

    handled, consumer = Handled(wait), consumer_of(broker)
    consumer.subscribe(handled)
    in_hand.wait(10)
    before = committed(broker)
    ending = threading.Thread(target=consumer.unsubscribe)
    ending.start()
    wait_until(lambda: not consumer.is_subscribed, "it is told to stop")
    go_on.set()
    ending.join(10)

    assert before == [0]
    assert handled.of_partition(0) == [0, 1, 2]
    assert committed(broker) == [3]


def test_without_auto_commit_only_a_commit_by_hand_counts(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(5))
    handled = Handled()
    consumer = consumer_of(broker, auto_commit=False, auto_commit_interval_ms=1)
    consumer.subscribe(handled)
    handled.wait_for(5)
    wait_until(lambda: consumer.offset_info()[0].position == 5, "all are handled")
    before = committed(broker)

    consumer.commit()
    by_hand = committed(broker)
    send(broker, [5])
    handled.wait_for(6)
    consumer.unsubscribe()

    assert (before, by_hand, committed(broker)) == ([0], [5], [5])


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


def test_a_handler_may_unsubscribe_its_own_consumer(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(5))
    consumer = consumer_of(broker)

    def stop(record: ConsumerRecord) -> None:
        if record.offset == 1:
            consumer.unsubscribe()

    handled = Handled(stop)
    consumer.subscribe(handled)
    handled.wait_for(2)
    consumer.unsubscribe()

    assert handled.of_partition(0) == [0, 1]
    assert committed(broker) == [2]


def test_a_consumer_may_subscribe_again_after_unsubscribing_and_not_before(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer = consumer_of(broker)
    seen = [consumer.is_subscribed]
    consumer.subscribe(handled)
    seen.append(consumer.is_subscribed)

    with pytest.raises(AlreadySubscribed):
        consumer.subscribe(handled)
    consumer.unsubscribe()
    seen.append(consumer.is_subscribed)
    consumer.subscribe(handled)
    send(broker, [1])
    handled.wait_for(1)
    broker.disconnect()

    assert seen == [False, True, False]
    assert handled.values == [1]


def test_offset_info_says_where_the_member_is(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(4))
    go_on = threading.Event()
    handled = Handled(lambda record: record.offset == 2 and go_on.wait(10))
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
    consumer_of(broker, max_await_time_ms=60_000, timing=Timing(heartbeat=0.1, session_timeout=60)).subscribe(handled)
    send(broker, [1])
    handled.wait_for(1)

    send(broker, [2])
    handled.wait_for(2, seconds=2)
    broker.disconnect()

    assert handled.values == [1, 2]


def test_stopping_does_not_wait_for_a_poll(broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=4))
    consumer = consumer_of(broker, max_await_time_ms=60_000, timing=Timing(heartbeat=30, session_timeout=60))
    consumer.subscribe(Handled())
    wait_until(lambda: len(consumer.offset_info()) == 4, "it owns all partitions")

    ending = threading.Thread(target=consumer.unsubscribe)
    ending.start()
    ending.join(5)

    assert not ending.is_alive()
