"""`delivery_tracking`: what tracking of deliveries costs, tracked beside untracked, slice after slice in one run."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any
from uuid import uuid4

import msgspec
from pymongo import MongoClient
from pymongo.client_session import ClientSession

from benchmarks.broker_sends import VALUE
from benchmarks.errors import BenchmarkError
from benchmarks.measurement import Measured
from benchmarks.stack import Stack
from cqrs.broker import Broker, ConsumerRecord, Message, define_broker, define_consumer, define_producer, define_topic
from cqrs.broker.message import EVENT_ID, TRACEPARENT
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger
from cqrs.delivery.tracking import Tracking
from infra.stack.stack_env import read_stack_env

TOPIC = "benchmark"
GROUP = "benchmark"
BATCH = 100
# Of one kind at a time: short enough that both kinds meet the same machine, long enough to even out single waits.
SLICE = 2000
PATIENCE = 120.0
TRACE = "00-7ac5a053ce164f108cac519a381fc5f9-00000000000000ff-01"


class Slice(msgspec.Struct, frozen=True):
    """The seconds that sending and handling a slice took."""

    sending: float
    handling: float


def delivery_tracking(stack: Stack, messages: int) -> list[Measured]:
    """Send to and handle from a broker on the stack's MongoDB."""
    return [measure(read_stack_env(stack.layout.stack_env)["MONGODB_URI"], messages)]


def measure(mongo_uri: str, messages: int, *, size: int = SLICE) -> Measured:
    """Send so many messages of 1 KB by 100 and have them handled by 100 in transactions, tracked and untracked."""
    with _sides(mongo_uri) as (plain, tracked, ledger):
        number = max(1, messages // size)
        pairs = []
        for index in range(number + 1):
            # Whoever comes second finds what the first has warmed up.
            order = (plain, tracked) if index % 2 else (tracked, plain)
            taken = {side: side.slice(size) for side in order}
            pairs.append((taken[plain], taken[tracked]))
        wrong = tuple(_wrong(ledger, (number + 1) * size))
    return Measured(
        name="delivery_tracking",
        parameters={"messages": number * size, "batch": BATCH, "slices": number},
        # The first transactions create what the later ones find.
        figures=_figures(pairs[1:], size),
        wrong=wrong,
    )


class _Side:
    """Sends to a topic of its own and handles that."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self._done = threading.Event()
        self._left = 0
        broker.topics.create(define_topic(name=topic))
        self._producer = broker.create_producer(define_producer(topic=topic))
        self._consumer = broker.create_consumer(
            define_consumer(group_id=GROUP, topic=topic, batch_size=BATCH, from_beginning=True)
        )
        self._consumer.pause()
        self._consumer.subscribe(self._handle, batch=True, transactional=True)

    def slice(self, size: int) -> Slice:
        batches = [[_message() for _ in range(min(BATCH, size - first))] for first in range(0, size, BATCH)]
        self._left = size
        self._done.clear()
        began = time.perf_counter()
        for batch in batches:
            self._producer.send(batch)
        sent = time.perf_counter()
        self._consumer.resume()
        if not self._done.wait(PATIENCE):
            raise BenchmarkError(f"{self._left} messages were not handled")
        handled = time.perf_counter()
        self._consumer.pause()
        return Slice(sent - began, handled - sent)

    def close(self) -> None:
        self._consumer.unsubscribe()

    def _handle(self, records: list[ConsumerRecord], session: ClientSession) -> None:  # noqa: ARG002 - a handler's signature
        # The last batch is committed after this, as it is on the other side.
        self._left -= len(records)
        if self._left <= 0:
            self._done.set()


@contextmanager
def _sides(mongo_uri: str) -> Iterator[tuple[_Side, _Side, Ledger]]:
    """Both sides in a database of their own, which is dropped afterwards."""
    database = f"benchmark_broker_{uuid4().hex[:8]}"
    config = define_broker(mongo_uri=mongo_uri, database=database, log_level="WARN")
    with ExitStack() as stack:
        client = stack.enter_context(MongoClient[dict[str, Any]](mongo_uri, tz_aware=True))
        stack.callback(client.drop_database, database)
        ledger = Ledger(client[database])
        ledger.prepare()
        tracking = Tracking(ledger, broker_database=database)
        plain = _Side(stack.enter_context(Broker(config)), "plain")
        stack.callback(plain.close)
        tracked = _Side(stack.enter_context(Broker(config, interceptors=[tracking])), "tracked")
        stack.callback(tracked.close)
        yield plain, tracked, ledger


def _message() -> Message:
    return Message(value=VALUE, headers={EVENT_ID: str(uuid4()), TRACEPARENT: TRACE})


def _figures(pairs: list[tuple[Slice, Slice]], size: int) -> dict[str, float]:
    plain, tracked = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return {
        "sent_per_second": _rate(size, [one.sending for one in plain]),
        "sent_tracked_per_second": _rate(size, [one.sending for one in tracked]),
        "sending_overhead_percent": _overhead([(a.sending, b.sending) for a, b in pairs]),
        "handled_per_second": _rate(size, [one.handling for one in plain]),
        "handled_tracked_per_second": _rate(size, [one.handling for one in tracked]),
        "handling_overhead_percent": _overhead([(a.handling, b.handling) for a, b in pairs]),
        "overhead_percent": _overhead([(a.sending + a.handling, b.sending + b.handling) for a, b in pairs]),
    }


def _rate(size: int, seconds: list[float]) -> float:
    return round(size / median(seconds), 1)


def _overhead(pairs: list[tuple[float, float]]) -> float:
    """Return how much less a second is done tracked than untracked, by the middle one of the pairs."""
    return round(100 * (1 - median(plain / tracked for plain, tracked in pairs)), 1)


def _wrong(ledger: Ledger, expected: int) -> Iterator[str]:
    for name in (PUBLISH_RECORDS, RECEIVED_RECORDS):
        found = ledger.collection(name).count_documents({})
        # The receipts of the last batch are committed after its handler has returned.
        if not expected - BATCH <= found <= expected:
            yield f"delivery_tracking: {found} of {expected} {name}"
