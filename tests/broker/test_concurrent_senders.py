"""Many senders at once: from several processes, which conflict, and from the threads of one, which share."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cqrs.broker import Broker, Message, Sent, define_producer, define_topic
from tests.broker.sender_process import TOPIC
from tests.broker.senders import go, hear, heard, start_sender
from tests.broker.stored_messages import require_no_gaps, values
from tests.broker.transactions import aborts, committed_transactions

PROCESSES = 4
EACH = 150
THREADS = 32
SENDS = 1280


def test_a_storm_of_conflicts_loses_nothing_and_starves_nobody(broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC))
    processes = [start_sender(broker.config, "crowd", f"process-{number}", str(EACH)) for number in range(PROCESSES)]
    assert [hear(process) for process in processes] == ["ready"] * PROCESSES

    for process in processes:
        go(process)
    said: list[list[Any]] = [heard(process) for process in processes]

    assert [process.wait() for process in processes] == [0] * PROCESSES
    stored = values(broker, TOPIC)
    returned = {line["offset"]: line["value"] for lines in said for line in lines}
    assert returned == dict(enumerate(stored))
    assert len(stored) == PROCESSES * EACH
    require_no_gaps(broker, TOPIC)
    for number in range(PROCESSES):
        own = [value for value in stored if value.startswith(f"process-{number}-")]
        assert own == [f"process-{number}-{index}" for index in range(EACH)]


def test_threads_that_send_at_once_share_transactions(broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC))
    producer = broker.create_producer(define_producer(topic=TOPIC))
    begin = threading.Barrier(THREADS)

    def send(thread: int) -> list[Sent]:
        begin.wait()
        return [producer.send(Message(value=f"{thread}-{number}"))[0] for number in range(SENDS // THREADS)]

    before = committed_transactions(broker)
    with ThreadPoolExecutor(THREADS) as threads:
        results = list(threads.map(send, range(THREADS)))
    after = committed_transactions(broker)

    stored = values(broker, TOPIC)
    assert len(stored) == SENDS
    for thread, sent in enumerate(results):
        assert [stored[place.offset] for place in sent] == [f"{thread}-{number}" for number in range(SENDS // THREADS)]
    assert after - before < SENDS / 4
    require_no_gaps(broker, TOPIC)


def test_threads_that_send_to_several_partitions_at_once_wait_for_one_another(broker: Broker) -> None:
    """Within a process nobody conflicts: every transaction that begins commits."""
    broker.topics.create(define_topic(name=TOPIC, partitions=3))
    producer = broker.create_producer(define_producer(topic=TOPIC, partition_strategy="round-robin"))
    producer.send(Message(value="first"))

    def send(number: int) -> None:
        producer.send([Message(value=f"{number}-{index}") for index in range(1 + number % 3)])

    before = aborts(broker)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(120)))

    assert aborts(broker) == before
    assert len(values(broker, TOPIC)) == 1 + 240
    require_no_gaps(broker, TOPIC)
