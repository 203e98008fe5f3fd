"""A subscription that is tracked: `python -m tests.delivery.subscription_process URI DATABASE TOPIC GROUP HOW NAME`.

HOW is `plainly`, `transactional` or `failing`: then it handles nothing, whatever comes. Records come in batches. It
prints `subscribed` once it is, and leaves the group on SIGTERM.
"""

import signal
import sys
import threading
from typing import Any

from pymongo import MongoClient

from cqrs.broker import Broker, Timing, define_broker, define_consumer
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.tracking import Tracking

QUICK = Timing(heartbeat=0.2, session_timeout=3.0)


class Refused(Exception):
    """What a handler that always fails raises."""


def accept(*_: object) -> None:
    """Handle records."""


def refuse(*_: object) -> None:
    """Fail whatever the records are."""
    raise Refused


def main() -> None:
    _, uri, database, topic, group, how, _ = sys.argv
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    client = MongoClient[dict[str, Any]](uri, tz_aware=True, timeoutMS=10_000)
    tracking = Tracking(Ledger(client[database]), broker_database=database)
    with Broker(define_broker(mongo_uri=uri, database=database, log_level="SILENT"), interceptors=[tracking]) as broker:
        config = define_consumer(group_id=group, topic=topic, from_beginning=True, max_retries=0)
        consumer = broker.create_consumer(config, timing=QUICK)
        handler = refuse if how == "failing" else accept
        consumer.subscribe(handler, batch=True, transactional=how == "transactional")
        print("subscribed", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
