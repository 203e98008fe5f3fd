"""Pausing, committing and stopping: nothing is lost, nothing is handled again, nobody is left behind."""

import threading
from collections.abc import Iterator

import pytest

from cqrs.broker import (
    AlreadySubscribed,
    Broker,
    ConsumerRecord,
    Timing,
    define_topic,
)
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, no_thread_left, send


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    with no_thread_left():
        yield


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
    handled = Handled(lambda record: record.offset == 3 and go_on.wait(60))

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
            go_on.wait(60)

    handled, consumer = Handled(wait), consumer_of(broker)
    consumer.subscribe(handled)
    in_hand.wait(60)
    before = committed(broker)
    ending = threading.Thread(target=consumer.unsubscribe)
    ending.start()
    wait_until(lambda: not consumer.is_subscribed, "it is told to stop")
    go_on.set()
    ending.join(60)

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


def test_stopping_does_not_wait_for_a_poll(broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=4))
    consumer = consumer_of(broker, max_await_time_ms=600_000, timing=Timing(heartbeat=300, session_timeout=600))
    consumer.subscribe(Handled())
    wait_until(lambda: len(consumer.offset_info()) == 4, "it owns all partitions")

    ending = threading.Thread(target=consumer.unsubscribe)
    ending.start()
    ending.join(60)

    assert not ending.is_alive()
