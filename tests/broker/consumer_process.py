"""A member of a group in a process of its own: `python -m tests.broker.consumer_process URI DATABASE MODE`.

Every record that it handles becomes a document of `effects` in the broker's database: value, place, process, and when
its handling began by the machine's clock. MODE says what is special: `plainly` nothing; `telling` it prints the
messages of its log; `hanging` it prints `in hand` at the value "hang" and waits for a line to go on; `transactional`
the same, with the effect written in the transaction that commits the offset. It prints `subscribed` once it is, and
leaves the group on SIGTERM.
"""

import logging
import signal
import sys
import threading
import time
from typing import Any

from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, define_broker
from tests.broker.handled import consumer_of


class Effects:
    def __init__(self, broker: Broker, *, hangs: bool) -> None:
        self._effects = broker.store.database["effects"]
        self._hangs = hangs
        self._process = sys.argv[-1]

    def __call__(self, record: ConsumerRecord, session: ClientSession | None = None) -> None:
        began = time.monotonic_ns()
        if session is not None:
            self._write(record, began, session)
        if self._hangs and record.message.value == "hang":
            print("in hand", flush=True)
            sys.stdin.readline()
        if session is None:
            self._write(record, began, None)

    def _write(self, record: ConsumerRecord, began: int, session: ClientSession | None) -> None:
        effect: dict[str, Any] = {
            "value": record.message.value,
            "key": record.message.key,
            "partition": record.partition,
            "offset": record.offset,
            "process": self._process,
            "began": began,
        }
        self._effects.insert_one(effect, session=session)


def main() -> None:
    _, uri, database, mode, *_ = sys.argv
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with Broker(define_broker(mongo_uri=uri, database=database)) as broker:
        transactional = mode == "transactional"
        consumer = consumer_of(broker, auto_commit_interval_ms=200)
        effects = Effects(broker, hangs=mode in {"hanging", "transactional"})
        consumer.subscribe(effects, transactional=transactional)
        print("subscribed", flush=True)
        if mode == "telling":
            logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
        stop.wait()


if __name__ == "__main__":
    main()
