"""Publishes 10,000 events, tracked: `python -m tests.delivery.publishing_process URI DATABASE NAME`.

Most go in calls of a hundred, and some one by one. Some are published once more later on, and some after a call with
them has failed. Beside them go events of another topic, and calls that fail for good, also to a topic that is not
there. It prints `published N` after each hundred, and `done` when nothing that it has to record is left.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pymongo import MongoClient

from cqrs.broker import Broker, Message, Producer, define_broker, define_producer
from cqrs.broker.errors import IdempotencyConflict, UnknownTopic
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.tracking import Tracking

TOPIC, OTHER, NOWHERE = "create-user", "orders", "nowhere"
EVENTS, AT_ONCE, SINGLES = 10_000, 100, 50
USED = "used"


class Publisher:
    """Publishes by hundreds, each in a way of its own."""

    def __init__(self, broker: Broker) -> None:
        self._main, self._other, self._nowhere = (
            broker.create_producer(define_producer(topic=topic)) for topic in (TOPIC, OTHER, NOWHERE)
        )

    def publish(self, hundred: int) -> None:
        events = names(range(hundred * AT_ONCE, (hundred + 1) * AT_ONCE))
        if hundred % SINGLES == SINGLES - 1:
            for event in events:
                self._main.send(event)
            return
        if hundred % 10 == 3:
            self._fail(events[:3])
        self._main.send(events, idempotency_key=USED if hundred == 0 else None)
        if hundred % 10 == 5:
            self._main.send(names(range(hundred * AT_ONCE - 777, hundred * AT_ONCE - 760)) if hundred > 10 else [])
        if hundred % 10 == 7:
            self._fail(names(f"lost-{hundred}-{number}" for number in range(5)))
            send_nowhere(self._nowhere, names([f"nowhere-{hundred}"]))
            self._other.send(names(range(hundred, hundred + 20)))

    def _fail(self, events: list[Message]) -> None:
        """Have a call fail that has got as far as its transaction: its key was used for something else."""
        with suppress(IdempotencyConflict):
            self._main.send(events, idempotency_key=USED)
            raise AssertionError("it was to fail")


def send_nowhere(producer: Producer, events: list[Message]) -> None:
    with suppress(UnknownTopic):
        producer.send(events)
        raise AssertionError("it was to fail")


def names(events: Iterable[int | str]) -> list[Message]:
    return [Message(value={"name": str(event)}, headers={"eventId": str(event)}) for event in events]


def main() -> None:
    _, uri, database, _ = sys.argv
    client = MongoClient[dict[str, Any]](uri, tz_aware=True, timeoutMS=10_000)
    tracking = Tracking(Ledger(client[database]), broker_database=database)
    config = define_broker(mongo_uri=uri, database=database, auto_create_topics=False)
    with Broker(config, interceptors=[tracking]) as broker:
        publisher = Publisher(broker)
        for hundred in range(EVENTS // AT_ONCE):
            publisher.publish(hundred)
            print(f"published {(hundred + 1) * AT_ONCE}", flush=True)
    print("done", flush=True)


if __name__ == "__main__":
    main()
