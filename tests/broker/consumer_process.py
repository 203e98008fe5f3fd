"""A member of a group in a process of its own: `python -m tests.broker.consumer_process URI DATABASE MODE`.

Every record that it handles becomes a document of `effects` in the broker's database: value, place, process, and when
its handling began by the machine's clock. MODE says what is special: `plainly` nothing; `telling` it prints the
messages of its log; `hanging` it prints `in hand` at the value "hang" and waits for a line to go on; `transactional`
the same, with the effect written in the transaction that commits the offset; `killed` it is transactional
and kills itself at the value "hang", when all is written and to be committed; `frozen` it freezes then;
`frozen-parking` it cannot handle that value, and freezes when the dead letter is to be committed. It prints
`subscribed` once it is, and leaves the group on SIGTERM.
"""

import logging
import signal
import sys
import threading
import time
from typing import Any

from pymongo import monitoring
from pymongo.client_session import ClientSession
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from cqrs.broker import Broker, ConsumerRecord, define_broker
from tests.broker.handled import consumer_of

SIGNALS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP, "frozen-parking": signal.SIGSTOP}


class SignalsItself(CommandListener):
    """Kills or freezes the process when a transaction is to be committed, once it is armed."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self.is_armed = False

    def started(self, event: CommandStartedEvent) -> None:
        if self.is_armed and event.command_name == "commitTransaction":
            self.is_armed = False
            print("committing", flush=True)
            # To this thread: sent to the process it may reach another one first, and this one would go on meanwhile.
            signal.pthread_kill(threading.get_ident(), self._number)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...
    def failed(self, event: CommandFailedEvent) -> None: ...


class Effects:
    def __init__(self, broker: Broker, *, hangs: bool, parks: bool, at_commit: SignalsItself | None) -> None:
        self._effects = broker.store.database["effects"]
        self._hangs = hangs
        self._parks = parks
        self._at_commit = at_commit
        self._process = sys.argv[-1]

    def __call__(self, record: ConsumerRecord, session: ClientSession | None = None) -> None:
        began = time.monotonic_ns()
        if session is not None:
            self._write(record, began, session)
        if self._hangs and record.message.value == "hang":
            print("in hand", flush=True)
            sys.stdin.readline()
        if self._at_commit is not None and record.message.value == "hang":
            self._at_commit.is_armed = True
            if self._parks:
                raise ValueError
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
    at_commit = SignalsItself(SIGNALS[mode]) if mode in SIGNALS else None
    if at_commit is not None:
        monitoring.register(at_commit)
    with Broker(define_broker(mongo_uri=uri, database=database)) as broker:
        transactional = mode in {"transactional", "killed", "frozen"}
        consumer = consumer_of(broker, auto_commit_interval_ms=200, max_retries=0)
        hangs, parks = mode in {"hanging", "transactional"}, mode == "frozen-parking"
        effects = Effects(broker, hangs=hangs, parks=parks, at_commit=at_commit)
        consumer.subscribe(effects, transactional=transactional)
        print("subscribed", flush=True)
        if mode == "telling":
            logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
        stop.wait()


if __name__ == "__main__":
    main()
