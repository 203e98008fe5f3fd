"""Senders that are killed or frozen: their calls are all there or not at all, and they are in nobody's way."""

import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from subprocess import Popen
from typing import Any

import pytest

from cqrs.broker import Broker, Message, define_producer, define_topic
from tests.broker.sender_process import MESSAGES_A_CALL, PARTITIONS, TOPIC
from tests.broker.senders import hear, heard, start_sender
from tests.broker.stored_messages import require_no_gaps, values
from tests.broker.transactions import end_transactions

KILLS = 12
Start = Callable[..., "Popen[str]"]


@pytest.fixture
def start(broker: Broker) -> Iterator[Start]:
    """Start sender processes, which are gone after the test."""
    processes: list[Popen[str]] = []

    def start_one(*arguments: str) -> "Popen[str]":
        processes.append(start_sender(broker.config, *arguments))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()
        process.communicate()
    end_transactions(broker)


def test_a_call_of_a_killed_process_is_stored_whole_or_not_at_all(broker: Broker, start: Start) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=PARTITIONS))
    returned: set[str] = set()

    for kill in range(KILLS):
        process = start("lists", f"sender-{kill}")
        said: list[Any] = [hear(process) for _ in range(1 + random.randrange(1, 8))]
        process.kill()
        returned |= {line["call"] for line in [*said[1:], *heard(process)]}

    stored = Counter(value["call"] for value in values(broker, TOPIC))
    assert len(returned) >= KILLS
    assert returned <= set(stored)
    assert set(stored.values()) == {MESSAGES_A_CALL}
    require_no_gaps(broker, TOPIC)


def test_who_was_killed_within_a_transaction_stops_others_for_seconds_only(broker: Broker, start: Start) -> None:
    broker.topics.create(define_topic(name=TOPIC))
    process = start("killed", "never")
    heard(process)

    # It has ten seconds, and MongoDB keeps the locks for sixty at least: who waits for those gets Unavailable.
    sent = broker.create_producer(define_producer(topic=TOPIC)).send(Message(value="next"))

    assert process.wait() == -signal.SIGKILL
    assert sent[0].offset == 0
    assert values(broker, TOPIC) == ["next"]


def test_who_was_frozen_within_a_transaction_sends_after_all_when_it_goes_on(broker: Broker, start: Start) -> None:
    broker.topics.create(define_topic(name=TOPIC))
    process = start("frozen", "late")
    assert [hear(process), hear(process)] == ["ready", {"inTransaction": 1, "of": True}]

    broker.create_producer(define_producer(topic=TOPIC)).send(Message(value="next"))
    process.send_signal(signal.SIGCONT)

    assert hear(process) == {"offset": 1}
    assert process.wait() == 0
    assert values(broker, TOPIC) == ["next", "late"]
    require_no_gaps(broker, TOPIC)
