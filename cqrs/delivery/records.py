"""The records of tracking as MongoDB keeps them.

Times that are counted with are dates of milliseconds (`publishedAt`, `createdAt`); beside them stand the epoch seconds
that readers of the records elsewhere know.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from pymongo import UpdateOne

from cqrs.broker.message import EVENT_ID, ConsumerRecord, Message
from cqrs.delivery.message_format import EVENT, trace_id_of
from cqrs.delivery.tally import FAILED, PUBLISHED, Publication, Receipt
from cqrs.uuid7 import new_uuid7

Document = dict[str, Any]

# A record is about a message and must not be what keeps it from being sent: a longer payload is cut.
LONGEST_PAYLOAD = 100_000
_NOW_IN_SECONDS: Document = {"$toLong": {"$floor": {"$divide": [{"$toLong": "$$NOW"}, 1000]}}}


def event_id_of(record: ConsumerRecord) -> str:
    """Return the id of the event in a stored message: what its header says, or one that its place makes."""
    named = record.message.headers.get(EVENT_ID) or record.message.headers.get(EVENT)
    # A topic that is made anew begins at the first offset again, at another time.
    return named or f"{record.topic}/{record.partition}/{record.offset}@{milliseconds(record.timestamp)}"


def published(record: ConsumerRecord, subscriptions: Iterable[str]) -> Document:
    """Return the record of a message that is stored in this transaction; the server's clock is the record's."""
    return {
        **_publication(record.topic, event_id_of(record), record.message, PUBLISHED),
        "subscriptions": list(subscriptions),
        "publishTime": int(record.timestamp.timestamp()),
        "createdTime": int(record.timestamp.timestamp()),
        "publishedAt": record.timestamp,
        "createdAt": record.timestamp,
    }


def failed(topic: str, message: Message, at: datetime) -> UpdateOne:
    """Return the write of the record of a message that could not be sent; writing it again changes nothing."""
    event_id = message.headers.get(EVENT_ID) or message.headers.get(EVENT) or str(new_uuid7())
    document = {
        **_publication(topic, event_id, message, FAILED),
        "subscriptions": [],
        "publishTime": int(at.timestamp()),
        "publishedAt": at,
    }
    return _once(document, {})


def received(record: ConsumerRecord, subscription: str, at: datetime) -> UpdateOne:
    """Return the write of the record that a subscription has handled a message at `at`, for the first time or again."""
    event_id = event_id_of(record)
    document = {
        "_id": {"topic": record.topic, "eventID": event_id, "subscription": subscription},
        "topic": record.topic,
        "subscription": subscription,
        "traceID": trace_id_of(record.message.headers),
        "eventID": event_id,
        "publishTime": int(record.timestamp.timestamp()),
        "receiveTime": int(at.timestamp()),
        "publishedAt": record.timestamp,
        "receivedAt": at,
    }
    return _once(document, {"attempts": {"$add": [{"$ifNull": ["$attempts", 0]}, 1]}})


def publication_of(document: Document) -> Publication:
    """Return what is counted of a publish record."""
    return Publication(
        topic=document["topic"],
        event_id=document["eventID"],
        subscriptions=tuple(document["subscriptions"]),
        status=document["status"],
    )


def receipt_of(document: Document) -> Receipt:
    """Return what is counted of a received record."""
    return Receipt(topic=document["topic"], event_id=document["eventID"], subscription=document["subscription"])


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


def _publication(topic: str, event_id: str, message: Message, status: str) -> Document:
    payload = msgspec.json.encode(message.value).decode()
    return {
        # What failed first and was published then is both, each counted where it belongs.
        "_id": {"topic": topic, "eventID": event_id, "status": status},
        "traceID": trace_id_of(message.headers),
        "eventID": event_id,
        "topic": topic,
        "payload": payload[:LONGEST_PAYLOAD],
        "status": status,
    }


def _once(document: Document, computed: Document) -> UpdateOne:
    """Return an upsert whose fields hold as they are first written, but for the computed ones; made at server time."""
    identity = document.pop("_id")
    made = {
        "createdTime": {"$ifNull": ["$createdTime", _NOW_IN_SECONDS]},
        "createdAt": {"$ifNull": ["$createdAt", "$$NOW"]},
    }
    first = {"$replaceWith": {"$mergeObjects": [{"$literal": document}, "$$ROOT"]}}
    return UpdateOne({"_id": identity}, [first, {"$set": {**made, **computed}}], upsert=True)
