"""A process that sends, for tests that kill, freeze or crowd it: `python -m tests.broker.sender_process KIND NAME …`.

It prints a line of JSON when it is ready and for each call that has returned; the kind `keyed` goes on until it reads a
line, and then prints one for all calls.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import msgspec
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, Interceptor, Message, Producer, define_broker, define_producer
from cqrs.errors import Unavailable

TOPIC = "orders"
PARTITIONS = 3
MESSAGES_A_CALL = 30
THREADS = 3


class SignalsItself(Interceptor):
    """Kills or freezes the process within its first transaction: after the counters, before the messages."""

    def __init__(self, number: signal.Signals) -> None:
        self._number: signal.Signals | None = number

    def before_append(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        number, self._number = self._number, None
        if number is not None:
            say({"inTransaction": len(records), "of": session.in_transaction})
            os.kill(os.getpid(), number)


def say(what: Any) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


def send_lists_for_ever(producer: Producer, name: str) -> None:
    for call in count():
        messages = [Message(value={"call": f"{name}-{call}", "index": index}) for index in range(MESSAGES_A_CALL)]
        producer.send(messages)
        say({"call": f"{name}-{call}"})


def send_one_by_one(producer: Producer, name: str) -> None:
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        sent = producer.send(Message(value=f"{name}-{number}"))
        say({"value": f"{name}-{number}", "offset": sent[0].offset})


def send_once(producer: Producer, name: str) -> None:
    sent = producer.send(Message(value=name))
    say({"offset": sent[0].offset})


def send_until_told(producer: Producer, name: str) -> None:
    """Send in several threads, each call under a key and again where it is Unavailable; tell it all at the end."""
    stop = threading.Event()

    def send_on(thread: int) -> dict[str, Any]:
        sent: list[dict[str, Any]] = []
        unavailable = 0
        while not stop.is_set():
            value = f"{name}-{thread}-{len(sent):05}"
            try:
                (place,) = producer.send(Message(key=f"{name}-{thread}", value=value), idempotency_key=value)
            except Unavailable:
                unavailable += 1
            else:
                sent.append({"value": value, "partition": place.partition, "offset": place.offset})
        return {"sent": sent, "unavailable": unavailable}

    with ThreadPoolExecutor(THREADS) as threads:
        futures = [threads.submit(send_on, thread) for thread in range(THREADS)]
        sys.stdin.readline()
        stop.set()
        say([future.result() for future in futures])


# By kind: what is sent, how, and which signal the process gives itself.
KINDS: dict[str, tuple[Callable[[Producer, str], None], str, signal.Signals | None]] = {
    "lists": (send_lists_for_ever, "round-robin", None),
    "keyed": (send_until_told, "key-based", None),
    "crowd": (send_one_by_one, "hash", None),
    "killed": (send_once, "hash", signal.SIGKILL),
    "frozen": (send_once, "hash", signal.SIGSTOP),
}


def main() -> None:
    work, strategy, number = KINDS[sys.argv[1]]
    partitions = PARTITIONS if strategy == "round-robin" else 1
    interceptors = [] if number is None else [SignalsItself(number)]
    with Broker(define_broker(), interceptors=interceptors) as broker:
        config = define_producer(topic=TOPIC, partitions=partitions, partition_strategy=strategy)  # type: ignore[arg-type]
        say("ready")
        work(broker.create_producer(config), sys.argv[2])


if __name__ == "__main__":
    main()
