"""Sending and looking at messages by command."""

import json
from typing import Any

import pytest

from cqrs.broker import Broker, Message, define_producer, define_topic
from tests.csbroker.service import SECONDS, Service, next_line, stop

TOPIC = "purchases.new-purchase"
PURCHASE = {
    "customer": {"id": "c-1", "authUserId": "u-1"},
    "product": {"id": "p-1", "title": "Algebra", "slug": "algebra"},
}


@pytest.fixture
def orders(broker: Broker) -> str:
    return broker.topics.create(define_topic(name="orders")).name


def lines(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def values(out: str) -> list[Any]:
    return [line["value"] for line in lines(out)]


def test_a_value_comes_out_as_it_went_in(connected: Service, orders: str) -> None:
    value = {"ü": [1, 2.5, None, True], "$set": {"a.b": "x\ny"}}
    sent = connected.ok(
        "produce", orders, json.dumps(value), "--key", "k", "-H", "eventType=order.created", "-H", "a=="
    )

    (record,) = lines(connected.ok("consume", orders, "-o", "beginning", "-e").out)

    assert lines(sent.out) == [{"partition": 0, "offset": 0, "key": "k"}]
    assert (record["topic"], record["partition"], record["offset"], record["key"]) == (orders, 0, 0, "k")
    assert record["value"] == value
    assert record["headers"] == {"eventType": "order.created", "a": "="}


def test_lines_of_stdin_are_values(connected: Service, orders: str) -> None:
    connected.ok("produce", orders, stdin="".join(f"{number}\n" for number in range(2500)))

    assert values(connected.ok("consume", orders, "-o", "beginning", "-c", "2500").out) == list(range(2500))


def test_what_was_consumed_can_be_produced_again(connected: Service, broker: Broker, orders: str) -> None:
    broker.topics.create(define_topic(name="copy"))
    for number in range(3):
        connected.ok("produce", orders, str(number), "-k", f"k{number}", "-H", f"n={number}")
    consumed = connected.ok("consume", orders, "-o", "beginning", "-e").out

    connected.ok("produce", "copy", "--records", stdin=consumed)

    copied = lines(connected.ok("consume", "copy", "-o", "beginning", "-e").out)
    wanted = [(line["key"], line["value"], line["headers"], line["timestamp"]) for line in lines(consumed)]
    assert [(line["key"], line["value"], line["headers"], line["timestamp"]) for line in copied] == wanted


def test_a_bad_line_is_named_and_nothing_is_sent(connected: Service, orders: str) -> None:
    ended = connected.run("produce", orders, stdin='{"good": 1}\n\n{bad}\n')

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("line 3: ")
    assert connected.ok("consume", orders, "-o", "beginning", "-e").out == ""


def test_the_payload_of_a_declared_producer_is_checked(connected: Service) -> None:
    wrong = connected.run("produce", TOPIC, json.dumps({**PURCHASE, "customer": {"id": "c-1"}}))
    right = connected.ok("produce", TOPIC, json.dumps(PURCHASE), "-k", "c-1")

    assert wrong.code == 1
    assert "authUserId" in wrong.err
    assert len(lines(right.out)) == 1


def test_a_slip_of_the_pen_creates_no_topic(connected: Service) -> None:
    ended = connected.run("produce", "oders", "1")

    assert (ended.code, ended.err) == (1, "there is no topic 'oders'\n")
    assert connected.ok("topics", "--json").json == []


def test_an_idempotency_key_makes_a_repetition_harmless(connected: Service, orders: str) -> None:
    first = connected.ok("produce", orders, "1", "--idempotency-key", "once")
    second = connected.ok("produce", orders, "1", "--idempotency-key", "once")
    other = connected.run("produce", orders, "2", "--idempotency-key", "once")

    assert first.out == second.out
    assert other.code == 1
    assert values(connected.ok("consume", orders, "-o", "beginning", "-e").out) == [1]


def test_where_to_begin(connected: Service, broker: Broker, orders: str) -> None:
    producer = broker.create_producer(define_producer(topic=orders))
    for number in range(5):
        producer.send(Message(value=number))
    third = lines(connected.ok("consume", orders, "-o", "3", "-c", "1").out)[0]
    # MongoDB may have appended several within one millisecond; the first of that moment is where it begins.
    at = third["appendedAt"]
    expected = [
        line["value"]
        for line in lines(connected.ok("consume", orders, "-o", "0", "-e").out)
        if line["appendedAt"] >= at
    ]

    assert values(connected.ok("consume", orders, "-o", "3", "-e").out) == [3, 4]
    assert values(connected.ok("consume", orders, "-o", f"@{at}", "-e").out) == expected
    assert values(connected.ok("consume", orders, "-o", "end", "-e").out) == []
    assert values(connected.ok("consume", orders, "-o", "@2999-01-01", "-e").out) == []


def test_consume_waits_for_what_comes(connected: Service, broker: Broker, orders: str) -> None:
    process = connected.start("consume", orders, "-o", "beginning", "-c", "2")
    producer = broker.create_producer(define_producer(topic=orders))
    producer.send(Message(value="first"))
    first = next_line(process)

    producer.send(Message(value="second"))
    out, _ = process.communicate(timeout=SECONDS)

    assert first["value"] == "first"
    assert values(out) == ["second"]
    assert process.returncode == 0


def test_ctrl_c_ends_consume_without_a_traceback(connected: Service, broker: Broker, orders: str) -> None:
    broker.create_producer(define_producer(topic=orders)).send(Message(value=1))
    process = connected.start("consume", orders, "-o", "beginning")
    next_line(process)

    _, err = stop(process)

    assert (process.returncode, err) == (130, "")


def test_one_partition_can_be_chosen(connected: Service, broker: Broker) -> None:
    broker.topics.create(define_topic(name="wide", partitions=3))
    sent = broker.create_producer(define_producer(topic="wide")).send([Message(value=n, key=str(n)) for n in range(20)])
    wanted = [n for n, place in enumerate(sent) if place.partition == 1]

    assert values(connected.ok("consume", "wide", "-o", "beginning", "-e", "-p", "1").out) == wanted
    assert connected.run("consume", "wide", "-p", "3").code == 2


def test_a_terminal_shows_lines_for_people(connected: Service, orders: str) -> None:
    connected.ok("produce", orders, '{"a": 1}', "--key", "k\x1b[31m")

    shown = connected.on_a_terminal("consume", orders, "-o", "beginning", "-e", NO_COLOR="1")

    assert '0:0 k [31m {"a":1}' in shown.out.replace("\x1b[1m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("place", ["yesterday", "-1", "@soon", "1.5"])
def test_a_place_that_is_none_is_wrong_usage(connected: Service, place: str) -> None:
    assert connected.run("consume", "orders", f"--offset={place}").code == 2
