"""Groups by command: who works, how far they are, and having them go on elsewhere."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cqrs.broker import Broker, ConsumerRecord, Message, define_consumer, define_producer, define_topic
from cqrs.broker.consumer import Consumer
from cqrs.testing.waiting import wait_until
from tests.csbroker.service import Service

GROUP = "billing"
TOPIC = "orders"

MEMBER = """
import sys, time
from cqrs.broker import Broker, define_broker, define_consumer
broker = Broker(define_broker()).connect()
consumer = broker.create_consumer(define_consumer(group_id="billing", topic="orders", from_beginning=True))
consumer.subscribe(lambda record: None)
print("subscribed", flush=True)
time.sleep(600)
"""


@pytest.fixture
def orders(broker: Broker) -> None:
    """A topic of two partitions with ten messages."""
    broker.topics.create(define_topic(name=TOPIC, partitions=2))
    broker.create_producer(define_producer(topic=TOPIC)).send([Message(value=n, key=str(n)) for n in range(10)])


@contextmanager
def subscribed(broker: Broker, handled: list[Any], topic: str = TOPIC) -> Iterator[Consumer]:
    def handle(record: ConsumerRecord) -> None:
        handled.append(record.message.value)

    consumer = broker.create_consumer(define_consumer(group_id=GROUP, topic=topic, from_beginning=True))
    consumer.subscribe(handle)
    try:
        yield consumer
    finally:
        consumer.unsubscribe()


def handle_all(broker: Broker) -> list[Any]:
    """Have a member handle what there is and leave; return what it handled."""
    handled: list[Any] = []
    with subscribed(broker, handled) as consumer:
        wait_until(lambda: [info.lag for info in consumer.offset_info().values()] == [0, 0], "everything is handled")
    return handled


def committed(service: Service) -> list[int]:
    (view,) = service.ok("group", "describe", GROUP, "--json").json
    return [one["committed"] for one in view["partitions"]]


@pytest.mark.usefixtures("orders")
def test_a_group_at_work_is_described(connected: Service, broker: Broker) -> None:
    handled: list[Any] = []
    with subscribed(broker, handled) as consumer:
        wait_until(lambda: len(handled) == 10, "all are handled")
        consumer.commit()

        (view,) = connected.ok("group", "describe", GROUP, "--json").json
        (row,) = connected.ok("groups").out.splitlines()[1:]

    assert (view["group"], view["topic"], view["state"], view["lag"]) == (GROUP, TOPIC, "active", 0)
    (member,) = view["members"]
    assert (member["partitions"], member["isAlive"]) == ([0, 1], True)
    assert [one["owner"] for one in view["partitions"]] == [member["id"]] * 2
    assert row.split("\t") == [GROUP, TOPIC, "active", "1", "0"]


@pytest.mark.usefixtures("orders")
def test_lag_counts_what_is_left(connected: Service, broker: Broker) -> None:
    handle_all(broker)
    sent = broker.create_producer(define_producer(topic=TOPIC)).send([Message(value=n) for n in range(7)])

    (lag,) = connected.ok("lag", GROUP, "--json").json
    empty = connected.ok("groups", "--json").json[0]

    per_partition = [sum(place.partition == partition for place in sent) for partition in range(2)]
    assert lag["lag"] == 7
    assert [one["lag"] for one in lag["partitions"]] == per_partition
    assert (empty["state"], empty["members"]) == ("empty", [])


@pytest.mark.usefixtures("orders")
def test_a_reset_is_planned_then_executed_and_the_group_goes_on_there(connected: Service, broker: Broker) -> None:
    first = handle_all(broker)
    before = committed(connected)

    plan = connected.ok("group", "reset-offsets", GROUP, "--to", "beginning", "--json").json
    unchanged = committed(connected)
    connected.ok("group", "reset-offsets", GROUP, "--to", "beginning", "--execute")

    assert [(move["present"], move["planned"]) for move in plan["moves"]] == [(one, 0) for one in before]
    assert (plan["executed"], unchanged) == (False, before)
    assert committed(connected) == [0, 0]
    assert sorted(handle_all(broker)) == sorted(first)


@pytest.mark.usefixtures("orders")
def test_one_partition_can_be_reset_and_never_beyond_its_end(connected: Service, broker: Broker) -> None:
    handle_all(broker)
    before = committed(connected)

    connected.ok("group", "reset-offsets", GROUP, "--to", "1", "-p", "1", "--execute")
    one = committed(connected)
    connected.ok("group", "reset-offsets", GROUP, "--to", "1000", "--execute")

    assert one == [before[0], 1]
    assert committed(connected) == before
    assert connected.run("group", "reset-offsets", GROUP, "--to", "1", "-p", "9").code == 2


@pytest.mark.usefixtures("orders")
def test_an_active_group_is_not_reset(connected: Service, broker: Broker) -> None:
    handled: list[Any] = []
    with subscribed(broker, handled) as consumer:
        wait_until(lambda: len(handled) == 10, "all are handled")
        consumer.commit()
        before = committed(connected)

        plan = connected.ok("group", "reset-offsets", GROUP, "--to", "beginning")
        refused = connected.run("group", "reset-offsets", GROUP, "--to", "beginning", "--execute")

        assert "the group is active" in plan.err
        assert refused.code == 3
        assert f"group '{GROUP}' is active" in refused.err
        assert committed(connected) == before


@pytest.mark.usefixtures("orders")
def test_a_group_whose_member_was_killed_is_active_until_that_shows(connected: Service) -> None:
    member = subprocess.Popen(
        [sys.executable, "-c", MEMBER],
        cwd=connected.root,
        env={"PATH": "/usr/bin", **connected.environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert member.stdout
        assert member.stdout.readline() == "subscribed\n"
    finally:
        member.send_signal(signal.SIGKILL)
        member.communicate()
    refused = connected.run("group", "reset-offsets", GROUP, "--to", "beginning", "--execute")

    wait_until(
        lambda: connected.ok("groups", "--json").json[0]["state"] == "empty", "the member is given up", seconds=30
    )
    connected.ok("group", "reset-offsets", GROUP, "--to", "end", "--execute")

    assert refused.code == 3
    assert connected.ok("lag", GROUP, "--json").json[0]["lag"] == 0


@pytest.mark.usefixtures("orders")
def test_a_group_on_several_topics_needs_one_named(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name="returns"))
    handle_all(broker)
    with subscribed(broker, [], topic="returns"):
        pass

    ambiguous = connected.run("group", "reset-offsets", GROUP, "--to", "end")
    named = connected.ok("group", "reset-offsets", GROUP, "--to", "end", "--topic", "returns", "--json").json

    assert ambiguous.code == 2
    assert "--topic" in ambiguous.err
    assert named["topic"] == "returns"


def test_an_unknown_group_is_named(connected: Service) -> None:
    for command in (
        ("group", "describe", "nobody"),
        ("lag", "nobody"),
        ("group", "reset-offsets", "nobody", "--to", "end"),
    ):
        ended = connected.run(*command)

        assert (ended.code, ended.err) == (1, "there is no group 'nobody'\n")


def test_without_groups_the_lists_are_empty(connected: Service) -> None:
    assert connected.ok("groups", "--json").json == []
    assert connected.ok("lag", "--json").json == []


@pytest.mark.usefixtures("orders")
def test_in_production_a_plan_may_be_seen_but_not_executed(connected: Service, broker: Broker) -> None:
    handle_all(broker)
    command = ("group", "reset-offsets", GROUP, "--to", "beginning")

    assert connected.run(*command, NODE_ENV="production").code == 0
    assert connected.run(*command, "--execute", NODE_ENV="production").code == 3
    assert connected.run(*command, "--execute", "--yes-production", NODE_ENV="production").code == 0
