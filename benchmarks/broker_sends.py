"""`broker_sends`: how many messages of 1 KB a producer sends, beside what the same MongoDB takes without a broker."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import uuid4

from benchmarks.measurement import Measured
from benchmarks.stack import Stack
from cqrs.broker import Broker, Message, Producer, define_broker, define_producer
from cqrs.broker.reading import latest
from infra.stack.stack_env import read_stack_env

TOPIC = "benchmark"
BATCH = 1000
THREADS = 32
MOST_ONE_BY_ONE = 2000
SENDS_BY_THREADS = 16_000
# About 1 KB of JSON with some structure, as events have it.
VALUE = {
    "customer": {"id": "c-4711", "name": "Ana Souza", "tags": ["new", "web", "pt"]},
    "items": [{"sku": f"sku-{number}", "quantity": number, "price": 12.5} for number in range(5)],
    "text": "x" * 700,
}


def broker_sends(stack: Stack, messages: int) -> list[Measured]:
    """Send to a broker on the stack's MongoDB."""
    return [measure(read_stack_env(stack.layout.stack_env)["MONGODB_URI"], messages)]


def measure(mongo_uri: str, messages: int) -> Measured:
    """Send so many messages in batches, and fewer by 32 threads and one by one, to one partition."""
    with _broker(mongo_uri) as broker:
        producer = broker.create_producer(define_producer(topic=TOPIC))
        # The first transactions create what the later ones find.
        one_by_one = _rate(min(messages, MOST_ONE_BY_ONE), lambda number: _one_by_one(producer, number), warm_up=50)
        by_threads = _rate(min(messages, SENDS_BY_THREADS), lambda number: _by_threads(producer, number), warm_up=1000)
        batches = _rate(messages, lambda number: _in_batches(producer, number), warm_up=BATCH)
        wrong = tuple(_wrong(broker))
        raw = _rate(messages, lambda number: _raw(broker, number), warm_up=BATCH)
    return Measured(
        name="broker_sends",
        parameters={"messages": messages, "threads": THREADS, "batch": BATCH},
        figures={
            "one_by_one_per_second": one_by_one,
            "by_threads_per_second": by_threads,
            "in_batches_per_second": batches,
            "insert_many_per_second": raw,
        },
        wrong=wrong,
    )


def _wrong(broker: Broker) -> Iterator[str]:
    given = latest(broker.store, topic=TOPIC, partition=0)
    stored = broker.store.messages(TOPIC).count_documents({})
    if given != stored:
        yield f"broker_sends: {given} offsets were given and {stored} messages are stored"


@contextmanager
def _broker(mongo_uri: str) -> Iterator[Broker]:
    """A broker in a database of its own, which is dropped afterwards."""
    database = f"benchmark_broker_{uuid4().hex[:8]}"
    with Broker(define_broker(mongo_uri=mongo_uri, database=database)) as broker:
        try:
            yield broker
        finally:
            broker.store.client.drop_database(database)


def _rate(number: int, work: Callable[[int], None], *, warm_up: int) -> float:
    work(warm_up)
    began = time.perf_counter()
    work(number)
    return round(number / (time.perf_counter() - began), 1)


def _messages(number: int) -> Iterator[Message]:
    return (Message(key=f"key-{index}", value=VALUE) for index in range(number))


def _one_by_one(producer: Producer, number: int) -> None:
    for message in _messages(number):
        producer.send(message)


def _by_threads(producer: Producer, number: int) -> None:
    threads = [threading.Thread(target=_one_by_one, args=(producer, number // THREADS)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _in_batches(producer: Producer, number: int) -> None:
    messages = _messages(number)
    while batch := list(islice(messages, BATCH)):
        producer.send(batch)


def _raw(broker: Broker, number: int) -> None:
    collection = broker.store.database["raw"]
    documents: Iterator[dict[str, Any]] = (
        {"key": message.key, "value": message.value} for message in _messages(number)
    )
    while batch := list(islice(documents, BATCH)):
        collection.insert_many(batch)
