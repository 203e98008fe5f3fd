"""Sending and handling what is tracked, and the records of it."""

from collections.abc import Sequence
from typing import Any

from cqrs.broker import Broker, Message, Timing, define_consumer, define_producer, positions
from cqrs.broker.consumer import Consumer
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger

TOPIC = "create-user"
QUICK = Timing(heartbeat=0.1, session_timeout=1.5)
TRACE = "7ac5a053-ce16-4f10-8cac-519a381fc5f9"
TRACEPARENT = "00-7ac5a053ce164f108cac519a381fc5f9-00000000000000ff-01"


def message(event: str, value: Any = None) -> Message:
    return Message(value={"name": event} if value is None else value, headers={"eventId": event})


def send(broker: Broker, *events: str) -> None:
    """Send the events in one call."""
    broker.create_producer(define_producer(topic=TOPIC)).send([message(event) for event in events])


def subscribe(broker: Broker, group: str) -> None:
    """Have the topic read by a group whose member has yet to come."""
    positions.establish(broker.store, group=group, topic=TOPIC, from_beginning=True)


def consumer_of(broker: Broker, group: str, **settings: Any) -> Consumer:
    config = define_consumer(
        **{"group_id": group, "topic": TOPIC, "from_beginning": True, "retry_delay_ms": 1, **settings}
    )
    return broker.create_consumer(config, timing=QUICK)


def publish_records(ledger: Ledger) -> list[dict[str, Any]]:
    return list(ledger.collection(PUBLISH_RECORDS).find().sort([("eventID", 1), ("publishedAt", 1)]))


def received(ledger: Ledger) -> Sequence[tuple[str, str]]:
    """Who has received what, sorted."""
    found = ledger.collection(RECEIVED_RECORDS).find()
    return sorted((one["subscription"], one["eventID"]) for one in found)
