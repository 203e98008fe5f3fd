"""A scheduler in a process of its own: `python -m tests.delivery.scheduler_process URI DATABASE SIZE LOG HELD NAME`.

Windows are SIZE milliseconds long. Each line of its log becomes a line of JSON in the file LOG. It prints `working`,
and ends on SIGTERM. HELD is a command of MongoDB, `command:collection`, or `nowhere`: before it sends the first such
command, once it has counted its first window, it prints `in the middle` and freezes.
"""

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import WINDOWS, Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.window import Windowing
from cqrs.worker import Worker

GRACE = 500


class Freezes(CommandListener):
    """Freezes the process before the command is sent, once."""

    def __init__(self, held: str) -> None:
        self._command, _, self._collection = held.partition(":")
        self._has_counted = False

    def started(self, event: CommandStartedEvent) -> None:
        self._has_counted |= event.command.get("update") == WINDOWS
        if not self._has_counted or event.command_name != self._command:
            return
        if self._collection in {"", event.command.get(self._command)}:
            self._command = "nowhere"
            print("in the middle", flush=True)
            # To this thread: sent to the process it may reach another one first, and this one would go on meanwhile.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...
    def failed(self, event: CommandFailedEvent) -> None: ...


class Lines(logging.Handler):
    """Writes each line, and the window that it is about, whole and at once: a kill leaves no half of it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("ab", buffering=0)

    def emit(self, record: logging.LogRecord) -> None:
        line = {"message": record.getMessage(), "start": vars(record).get("start"), "end": vars(record).get("end")}
        self._file.write(msgspec.json.encode(line) + b"\n")


def main() -> None:
    _, uri, name, size, log, held, _ = sys.argv
    logging.basicConfig(level=logging.INFO, handlers=[Lines(Path(log))])
    client = MongoClient[dict[str, Any]](uri, tz_aware=True, timeoutMS=10_000, event_listeners=[Freezes(held)])
    ledger = Ledger(client[name])
    scheduler = Scheduler(ledger, Notices(ledger, Thresholds()), Windowing(size=int(size), grace=GRACE))
    worker = Worker("delivery-scheduler", scheduler, poll_seconds=0.05)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print("working", flush=True)
    worker.run()


if __name__ == "__main__":
    main()
