"""A scheduler in a process of its own, until SIGTERM: `python -m tests.delivery.scheduler_process URI NAME`."""

import signal
import sys
from typing import Any

from pymongo import MongoClient

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.worker import Worker
from tests.delivery.recorded import SHORT

if __name__ == "__main__":
    uri, name = sys.argv[1:]
    ledger = Ledger(MongoClient[dict[str, Any]](uri, tz_aware=True, timeoutMS=10_000)[name])
    worker = Worker("delivery-scheduler", Scheduler(ledger, Notices(ledger, Thresholds()), SHORT), poll_seconds=0.05)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
