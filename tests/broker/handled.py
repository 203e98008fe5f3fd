"""What a consumer's handler saw, and brokers to send with."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cqrs.broker import Broker, ConsumerRecord, Message, Timing, define_consumer, define_producer, define_topic
from cqrs.broker.config import ConsumerConfig, PartitionStrategy
from cqrs.broker.consumer import Consumer
from cqrs.testing.waiting import wait_until

TOPIC = "orders"
GROUP = "billing"
QUICK = Timing(heartbeat=0.1, session_timeout=1.5)


class Handled:
    """A handler that remembers its records, and does with each what `on` says first."""

    def __init__(self, on: Callable[[ConsumerRecord], object] = lambda _: None) -> None:
        self.records: list[ConsumerRecord] = []
        self._on = on
        self._adding = threading.Lock()

    def __call__(self, record: ConsumerRecord) -> None:
        self._on(record)
        with self._adding:
            self.records.append(record)

    @property
    def values(self) -> list[Any]:
        return [record.message.value for record in self.records]

    def of_partition(self, partition: int) -> list[int]:
        return [record.offset for record in self.records if record.partition == partition]

    def of_key(self, key: str | None) -> list[Any]:
        return [record.message.value for record in self.records if record.message.key == key]

    def wait_for(self, number: int, *, seconds: float = 60) -> None:
        wait_until(lambda: len(self.records) >= number, f"{number} records are handled", seconds=seconds)


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Whatever is done within it, nothing of its consumers is left running."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not _of_consumers() - before, "the consumers' threads have ended")


def _of_consumers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("broker-")}


def consumer_of(broker: Broker, *, timing: Timing = QUICK, **settings: Any) -> Consumer:
    return broker.create_consumer(consumer_config(**settings), timing=timing)


def consumer_config(**settings: Any) -> ConsumerConfig:
    return define_consumer(
        **{"group_id": GROUP, "topic": TOPIC, "from_beginning": True, "retry_delay_ms": 1, **settings}
    )


def make_topic(broker: Broker, *, partitions: int = 1, retention_ms: int | None = None) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=partitions, retention_ms=retention_ms))


def send(broker: Broker, values: Sequence[Any], *, key: str | None = None) -> None:
    """Send the values in one call, all with the same key if there is one, else round and round the partitions."""
    strategy: PartitionStrategy = "round-robin" if key is None else "hash"
    producer = broker.create_producer(define_producer(topic=TOPIC, partition_strategy=strategy))
    producer.send([Message(key=key, value=value) for value in values])


def committed(broker: Broker) -> list[int]:
    """Return the committed offsets of the group, by partition."""
    found = broker.store.positions.find({"_id.group": GROUP}).sort("_id", 1)
    return [position["committed"] for position in found]
