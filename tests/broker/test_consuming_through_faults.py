"""Consuming goes on after whatever may happen to the connection, the stream and the collection."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, BrokerConfig, OffsetPurged, Timing, define_broker
from cqrs.broker.message import ConsumerRecord
from cqrs.testing.waiting import wait_until
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, send
from tests.project.store_proxy import StoreProxy, before_mongodb

POLLS_SELDOM: dict[str, Any] = {"max_await_time_ms": 600_000, "timing": Timing(heartbeat=0.1, session_timeout=600)}


@pytest.fixture
def proxy() -> Iterator[StoreProxy]:
    """What the consumer under test reaches MongoDB through."""
    with before_mongodb() as proxy:
        yield proxy


@pytest.fixture
def remote(broker_config: BrokerConfig, proxy: StoreProxy) -> Iterator[Broker]:
    """A broker in the same database, behind the proxy."""
    uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
    remote = Broker(define_broker(mongo_uri=uri, database=broker_config.database)).connect()
    yield remote
    proxy.mend()
    remote.disconnect()


def test_after_a_cut_connection_consuming_goes_on_where_it_was(
    broker: Broker, remote: Broker, proxy: StoreProxy
) -> None:
    make_topic(broker, partitions=2)
    handled = Handled()
    consumer = consumer_of(remote)
    consumer.subscribe(handled)
    send(broker, range(10))
    handled.wait_for(10)

    proxy.cut()
    send(broker, range(10, 20))
    wait_until(lambda: not consumer.is_connected, "the consumer knows that it is cut off")
    proxy.mend()
    wait_until(lambda: set(handled.values) == set(range(20)), "all is handled")
    connected = consumer.is_connected
    consumer.unsubscribe()

    assert connected
    assert committed(broker) == [10, 10]


def test_a_store_that_was_silent_is_used_again(broker: Broker, remote: Broker, proxy: StoreProxy) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(remote).subscribe(handled)
    send(broker, [1])
    handled.wait_for(1)

    proxy.silence()
    heir = Handled()
    consumer_of(broker).subscribe(heir)
    send(broker, [2])
    heir.wait_for(1)
    proxy.mend()
    send(broker, [3])
    wait_until(lambda: 3 in handled.values + heir.values, "it goes on")

    assert 2 not in handled.values, "nothing was handled by whoever had been given up"


def test_unsubscribing_ends_also_where_the_store_cannot_be_reached(
    broker: Broker, remote: Broker, proxy: StoreProxy
) -> None:
    make_topic(broker)
    handled = Handled()
    consumer = consumer_of(remote)
    consumer.subscribe(handled)
    send(broker, [1])
    handled.wait_for(1)

    proxy.cut()
    consumer.unsubscribe()

    assert not consumer.is_subscribed


def test_a_dropped_collection_is_read_again_when_it_is_back(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker).subscribe(handled)
    send(broker, ["before"])
    handled.wait_for(1)

    broker.store.messages(TOPIC).drop()
    send(broker, ["after"])
    handled.wait_for(2)

    assert handled.values == ["before", "after"]


def test_a_stream_that_was_killed_wakes_again(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, **POLLS_SELDOM).subscribe(handled)
    send(broker, [0])
    handled.wait_for(1)

    for number in range(1, 4):
        kill_streams(broker)
        send(broker, [number])
        handled.wait_for(number + 1)

    assert handled.values == [0, 1, 2, 3]


def kill_streams(broker: Broker) -> None:
    """Kill the cursors of the change streams of this database on the server."""
    database = broker.config.database
    with MongoClient[dict[str, Any]](broker.config.mongo_uri) as client:

        def streams() -> list[int]:
            running = client.admin.aggregate([{"$currentOp": {"idleCursors": True, "allUsers": True}}])
            return [one["cursor"]["cursorId"] for one in running if is_stream(one, database)]

        cursors = wait_until(streams, "there is a stream")
        client[database].command("killCursors", "$cmd.aggregate", cursors=cursors)


def is_stream(running: dict[str, Any], database: str) -> bool:
    return "cursorId" in running.get("cursor", {}) and running.get("ns", "") == f"{database}.$cmd.aggregate"


@pytest.fixture
def purged(broker: Broker) -> Callable[[], None]:
    """Ten messages, of which the first five are gone."""

    def purge() -> None:
        make_topic(broker)
        send(broker, range(10))
        broker.store.messages(TOPIC).delete_many({"_id.offset": {"$lt": 5}})

    return purge


def subscribe_at_zero(broker: Broker, handled: Handled, policy: str) -> list[Exception]:
    """Subscribe a group that has committed offset 0 before the purge."""
    errors: list[Exception] = []

    def on_error(error: Exception, _: ConsumerRecord | None) -> None:
        errors.append(error)

    consumer = consumer_of(broker, on_purged=policy)
    consumer.subscribe(handled, on_error)
    if policy == "fail":
        wait_until(lambda: not consumer.is_subscribed, "it has stopped by itself")
        assert consumer.failure is not None
    return errors


@pytest.fixture
def at_zero(broker: Broker, purged: Callable[[], None]) -> None:
    """A group whose position has been purged."""
    consumer = consumer_of(broker)
    consumer.subscribe(Handled())
    consumer.unsubscribe()
    purged()


@pytest.mark.usefixtures("at_zero")
def test_with_the_policy_earliest_it_goes_on_with_what_is_left(broker: Broker) -> None:
    handled = Handled()

    subscribe_at_zero(broker, handled, "earliest")
    handled.wait_for(5)

    assert handled.values == [5, 6, 7, 8, 9]


@pytest.mark.usefixtures("at_zero")
def test_with_the_policy_latest_it_goes_on_with_what_comes(broker: Broker) -> None:
    handled = Handled()

    subscribe_at_zero(broker, handled, "latest")
    wait_until(lambda: committed_soon(broker) == 10, "it is at the end")
    send(broker, ["new"])
    handled.wait_for(1)

    assert handled.values == ["new"]


def committed_soon(broker: Broker) -> int:
    consumers = [consumer for consumer in broker._consumers if consumer.is_subscribed]
    info = consumers[0].offset_info()
    return info[0].position if info else -1


@pytest.mark.usefixtures("at_zero")
def test_with_the_policy_fail_it_stops_where_it_was_and_says_so(broker: Broker) -> None:
    handled = Handled()

    (error,) = subscribe_at_zero(broker, handled, "fail")

    assert isinstance(error, OffsetPurged)
    assert (error.partition, error.offset, error.earliest) == (0, 0, 5)
    assert handled.values == []
    assert committed(broker) == [0]


def test_a_gap_in_the_middle_is_passed_over(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(10))
    broker.store.messages(TOPIC).delete_many({"_id.offset": {"$in": [3, 4]}})
    handled = Handled()

    consumer_of(broker).subscribe(handled)
    handled.wait_for(8)

    assert handled.values == [0, 1, 2, 5, 6, 7, 8, 9]


def test_a_dropped_database_invalidates_the_stream_and_consuming_begins_anew(broker: Broker) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, **POLLS_SELDOM).subscribe(handled)
    send(broker, ["before"])
    handled.wait_for(1)

    broker.store.client.drop_database(broker.config.database)
    make_topic(broker)
    send(broker, ["after"])
    handled.wait_for(2)
    send(broker, ["again"])
    handled.wait_for(3)

    assert handled.values == ["before", "after", "again"]
