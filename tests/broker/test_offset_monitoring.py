"""Offsets that are measured while a consumer is subscribed: in the log, and handed to whoever wants them."""

import logging
import threading
from collections.abc import Mapping

import pytest

from cqrs.broker import Broker, ConsumerRecord, OffsetInfo, Timing
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, consumer_config, make_topic, no_thread_left, send

OFTEN = Timing(heartbeat=0.1, session_timeout=1.5, monitoring=0.05)


def offsets_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    names = ("group", "topic", "partition", "position", "committed", "latest", "lag", "epoch")
    return [{name: record.__dict__[name] for name in names} for record in caplog.records if record.message == "offsets"]


def test_lag_and_positions_are_logged_and_handed_on_while_subscribed(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(broker)
    measured: list[Mapping[int, OffsetInfo]] = []
    entered, go_on = threading.Event(), threading.Event()
    config = consumer_config(enable_offset_monitoring=True)
    consumer = broker.create_consumer(config, timing=OFTEN, on_offsets=measured.append)

    def hold(_: ConsumerRecord) -> None:
        entered.set()
        go_on.wait(60)

    with caplog.at_level(logging.INFO), no_thread_left():
        consumer.subscribe(Handled(on=hold))
        send(broker, range(3))
        entered.wait(60)
        wait_until(lambda: measured and measured[-1] and measured[-1][0].lag == 3, "the lag is measured")
        go_on.set()
        wait_until(lambda: measured[-1] and measured[-1][0].position == 3, "the position is measured")
        consumer.unsubscribe()

    place = {"group": GROUP, "topic": TOPIC, "partition": 0, "epoch": 1, "committed": 0, "latest": 3}
    assert {**place, "position": 0, "lag": 3} in offsets_of(caplog)
    assert {**place, "position": 3, "lag": 0} in offsets_of(caplog)


def test_a_hook_that_fails_is_logged_and_measuring_goes_on(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    make_topic(broker)
    calls: list[int] = []

    def fail(_: Mapping[int, OffsetInfo]) -> None:
        calls.append(1)
        raise ValueError

    config = consumer_config(enable_offset_monitoring=True)
    consumer = broker.create_consumer(config, timing=OFTEN, on_offsets=fail)
    consumer.subscribe(Handled())
    wait_until(lambda: len(calls) >= 2, "it is called again")
    consumer.unsubscribe()

    assert "offsets hook failed" in caplog.messages


def test_unless_it_is_enabled_nothing_is_measured(broker: Broker) -> None:
    make_topic(broker)
    before = set(threading.enumerate())

    consumer = broker.create_consumer(consumer_config(), timing=OFTEN)
    consumer.subscribe(Handled())

    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "broker-offsets"]
