"""Dead letters by command, with the group at work."""

from collections.abc import Iterator
from typing import Any

import pytest

from cqrs.broker import Broker, ConsumerRecord, Message, define_consumer, define_producer, define_topic
from cqrs.testing.waiting import wait_until
from tests.csbroker.service import Service

GROUP = "billing"
TOPIC = "orders"


class Billing:
    """A handler that fails for what is in `bad`."""

    def __init__(self) -> None:
        self.bad = {"a1", "b1"}
        self.handled: list[Any] = []

    def __call__(self, record: ConsumerRecord) -> None:
        if record.message.value in self.bad:
            raise ValueError(f"cannot bill {record.message.value}")
        self.handled.append(record.message.value)


@pytest.fixture
def billing(broker: Broker) -> Iterator[Billing]:
    """A member at work, for which a1 and b1 are parked and a2 and a3 wait behind a1; c1 went through."""
    broker.topics.create(define_topic(name=TOPIC))
    billing = Billing()
    consumer = broker.create_consumer(
        define_consumer(group_id=GROUP, topic=TOPIC, from_beginning=True, max_retries=1, retry_delay_ms=100)
    )
    consumer.subscribe(billing)
    messages = [Message(key=value[0], value=value, headers={"n": value}) for value in ("a1", "a2", "b1", "a3", "c1")]
    broker.create_producer(define_producer(topic=TOPIC)).send(messages)
    wait_until(lambda: "c1" in billing.handled, "the last one is handled")
    yield billing
    consumer.unsubscribe()


def letters(service: Service, *arguments: str) -> list[tuple[str, str]]:
    listed = service.ok("deadletters", "list", *arguments, "--json").json
    return [(letter["value"], letter["state"]) for letter in listed]


def id_of(service: Service, value: str) -> str:
    listed = service.ok("deadletters", "list", "--json").json
    return str(next(letter["id"] for letter in listed if letter["value"] == value))


@pytest.mark.usefixtures("billing")
def test_they_are_listed_and_narrowed(connected: Service) -> None:
    everything = [("a1", "parked"), ("a2", "waiting"), ("b1", "parked"), ("a3", "waiting")]

    assert letters(connected) == everything
    assert letters(connected, "--key", "b") == [("b1", "parked")]
    assert letters(connected, "--group", "another") == []
    assert letters(connected, "--limit", "1") == everything[:1]
    assert "ValueError: cannot bill a1" in connected.ok("deadletters", "list").out


@pytest.mark.usefixtures("billing")
def test_one_is_shown_whole(connected: Service) -> None:
    shown = connected.ok("deadletters", "show", id_of(connected, "a1")).json

    assert (shown["group"], shown["topic"], shown["partition"], shown["offset"]) == (GROUP, TOPIC, 0, 0)
    assert (shown["key"], shown["value"], shown["headers"]) == ("a", "a1", {"n": "a1"})
    assert (shown["errorType"], shown["error"]) == ("ValueError", "cannot bill a1")
    assert shown["attempts"] == len(shown["failedAt"]) >= 1


def test_a_retried_one_is_handled_and_then_what_waits_behind_it(connected: Service, billing: Billing) -> None:
    billing.bad.clear()

    retried = connected.ok("deadletters", "retry", id_of(connected, "a1"), "--json").json

    wait_until(lambda: len(billing.handled) == 4, "a1 and its followers are handled")
    assert retried == {"retried": 1}
    assert billing.handled == ["c1", "a1", "a2", "a3"]
    wait_until(lambda: letters(connected) == [("b1", "parked")], "only b1 is left")


def test_a_group_is_retried_in_bulk(connected: Service, billing: Billing) -> None:
    billing.bad.clear()

    retried = connected.ok("deadletters", "retry", "--group", GROUP, "--json").json

    assert retried == {"retried": 2}
    wait_until(lambda: letters(connected) == [], "all are handled")
    assert sorted(billing.handled) == ["a1", "a2", "a3", "b1", "c1"]


def test_discarding_one_lets_the_next_of_its_key_through(connected: Service, billing: Billing) -> None:
    connected.ok("deadletters", "discard", id_of(connected, "a1"))

    wait_until(lambda: letters(connected) == [("b1", "parked")], "the followers are handled")
    assert billing.handled == ["c1", "a2", "a3"]


def test_a_key_is_discarded_in_bulk_and_none_of_it_handled(connected: Service, billing: Billing) -> None:
    discarded = connected.ok("deadletters", "discard", "--group", GROUP, "--key", "a", "--json").json

    assert discarded == {"discarded": 3}
    assert letters(connected) == [("b1", "parked")]
    assert billing.handled == ["c1"]


@pytest.mark.usefixtures("billing")
def test_one_that_waits_cannot_be_retried_itself(connected: Service) -> None:
    ended = connected.run("deadletters", "retry", id_of(connected, "a2"))

    assert ended.code == 1
    assert "parked" in ended.err


@pytest.mark.parametrize("verb", ["retry", "discard"])
def test_what_is_meant_has_to_be_said(connected: Service, verb: str) -> None:
    for arguments in ((), ("--key", "a"), ("6560a1b2c3d4e5f60718293a", "--group", "g")):
        assert connected.run("deadletters", verb, *arguments).code == 2
    for letter_id in ("6560a1b2c3d4e5f60718293a", "not-an-id"):
        assert connected.run("deadletters", verb, letter_id).err == f"there is no dead letter '{letter_id}'\n"


@pytest.mark.parametrize("verb", ["retry", "discard"])
def test_changing_is_refused_in_production(connected: Service, verb: str) -> None:
    assert connected.run("deadletters", verb, "--group", GROUP, NODE_ENV="production").code == 3
    assert connected.run("deadletters", "list", NODE_ENV="production").code == 0
