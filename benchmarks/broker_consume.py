"""`broker_consume`: how fast a group handles messages of 1 KB, and how soon after they were sent.

Each member of a group is a process of its own: `python -m benchmarks.broker_consume URI DATABASE`.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

from benchmarks.broker_sends import BATCH, VALUE
from benchmarks.errors import BenchmarkError
from benchmarks.measurement import Measured
from benchmarks.percentiles import percentile
from benchmarks.stack import Stack
from cqrs.broker import Broker, ConsumerRecord, Message, define_broker, define_consumer, define_producer, define_topic
from infra.stack.stack_env import read_stack_env

TOPIC = "benchmark"
GROUP = "benchmark"
PARTITIONS = 3
SENDS_PER_SECOND = 500
SENDERS = 8
MOST_TIMED = 5000
PATIENCE = 120.0
POLL = 0.01


def broker_consume(stack: Stack, messages: int) -> list[Measured]:
    """Consume from a broker on the stack's MongoDB."""
    return [measure(read_stack_env(stack.layout.stack_env)["MONGODB_URI"], messages)]


def measure(mongo_uri: str, messages: int) -> Measured:
    """Handle so many messages from a backlog and as they are sent; time fewer of them from send to handler."""
    with _broker(mongo_uri) as broker:
        backlog = _from_backlog(broker, messages)
    with _broker(mongo_uri) as broker:
        through_one = _end_to_end(broker, messages, members=1)
    with _broker(mongo_uri) as broker:
        through_three = _end_to_end(broker, messages, members=3)
    with _broker(mongo_uri) as broker:
        seconds = _latencies(broker, min(messages, MOST_TIMED))
    return Measured(
        name="broker_consume",
        parameters={"messages": messages, "partitions": PARTITIONS, "sends_per_second": SENDS_PER_SECOND},
        figures={
            "backlog_per_second": backlog,
            "end_to_end_one_per_second": through_one,
            "end_to_end_three_per_second": through_three,
            "p50_ms": round(1000 * percentile(seconds, 50), 1),
            "p99_ms": round(1000 * percentile(seconds, 99), 1),
        },
    )


def _from_backlog(broker: Broker, messages: int) -> float:
    """One consumer in this process, all messages stored before it begins."""
    _send(broker, messages)
    expected = [0] * PARTITIONS
    done = threading.Event()

    def handle(record: ConsumerRecord) -> None:
        if record.offset != expected[record.partition]:
            raise BenchmarkError(f"offset {record.offset} came instead of {expected[record.partition]}")
        expected[record.partition] += 1
        if sum(expected) >= messages:
            done.set()

    consumer = broker.create_consumer(define_consumer(group_id=GROUP, topic=TOPIC, from_beginning=True))
    began = time.perf_counter()
    consumer.subscribe(handle)
    if not done.wait(PATIENCE):
        raise BenchmarkError(f"of {messages} messages {sum(expected)} were handled")
    seconds = time.perf_counter() - began
    consumer.unsubscribe()
    return round(messages / seconds, 1)


def _end_to_end(broker: Broker, messages: int, *, members: int) -> float:
    """From the first send until all is handled and committed, with the members waiting for it."""
    with ExitStack() as stack:
        for _ in range(members):
            stack.enter_context(_member(broker))
        _wait(lambda: _owners(broker) == members, f"{members} members share the partitions")
        began = time.perf_counter()
        _send(broker, messages)
        _wait(lambda: _committed(broker) == messages, f"{messages} messages are handled")
        return round(messages / (time.perf_counter() - began), 1)


def _latencies(broker: Broker, messages: int) -> list[float]:
    """Seconds from before each send until its handler, sending at a steady rate."""
    seconds: list[float] = []
    done = threading.Event()

    def handle(record: ConsumerRecord) -> None:
        seconds.append(time.perf_counter() - record.message.value["sent"])
        if len(seconds) >= messages:
            done.set()

    producer = broker.create_producer(define_producer(topic=TOPIC))
    consumer = broker.create_consumer(define_consumer(group_id=GROUP, topic=TOPIC))
    consumer.subscribe(handle)
    _wait(lambda: len(consumer.offset_info()) == PARTITIONS, "the consumer owns all partitions")
    began = time.perf_counter()

    def send(sender: int) -> None:
        for number in range(sender, messages, SENDERS):
            time.sleep(max(0.0, began + number / SENDS_PER_SECOND - time.perf_counter()))
            producer.send(Message(key=f"key-{number}", value={**VALUE, "sent": time.perf_counter()}))

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not done.wait(PATIENCE):
        raise BenchmarkError(f"of {messages} messages {len(seconds)} were handled")
    consumer.unsubscribe()
    return seconds


@contextmanager
def _broker(mongo_uri: str) -> Iterator[Broker]:
    """A broker with the topic, in a database of its own, which is dropped afterwards."""
    database = f"benchmark_broker_{uuid4().hex[:8]}"
    with Broker(define_broker(mongo_uri=mongo_uri, database=database)) as broker:
        try:
            broker.topics.create(define_topic(name=TOPIC, partitions=PARTITIONS))
            yield broker
        finally:
            broker.store.client.drop_database(database)


def _send(broker: Broker, messages: int) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    for first in range(0, messages, BATCH):
        numbers = range(first, min(first + BATCH, messages))
        producer.send([Message(key=f"key-{number}", value=VALUE) for number in numbers])


@contextmanager
def _member(broker: Broker) -> Iterator[None]:
    """A member in a process of its own, which leaves when its input ends."""
    config = broker.config
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.broker_consume", config.mongo_uri, config.database], stdin=subprocess.PIPE
    )
    try:
        yield
    finally:
        process.communicate()


def _owners(broker: Broker) -> int:
    owners = {position["owner"] for position in broker.store.positions.find()}
    return 0 if None in owners else len(owners)


def _committed(broker: Broker) -> int:
    return sum(position["committed"] for position in broker.store.positions.find())


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"after {PATIENCE:.0f} s still not so: {what}")
        time.sleep(POLL)


def main() -> None:
    """Be a member of the group until the input ends."""
    _, uri, database = sys.argv
    with Broker(define_broker(mongo_uri=uri, database=database)) as broker:
        config = define_consumer(group_id=GROUP, topic=TOPIC, from_beginning=True, auto_commit_interval_ms=50)
        broker.create_consumer(config).subscribe(lambda _: None)
        sys.stdin.read()


if __name__ == "__main__":
    main()
