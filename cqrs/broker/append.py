"""Appending within a transaction: counters first, then the messages with the offsets that the counters gave.

The counters are what concurrent transactions meet on, and MongoDB aborts on a conflict instead of waiting. They are
taken in the order of their partitions, and everything that could be done without them has been done before.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from cqrs.broker import replays
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import ConsumerRecord, Message, Sent
from cqrs.broker.outgoing import Send
from cqrs.broker.store import Store, counter_id, messages_of
from cqrs.broker.stored import appended_at, document_of

# In one command the driver takes little more than 16 MB, and MongoDB 100,000 documents.
LARGEST_COMMAND = 16_000_000
MOST_IN_COMMAND = 10_000


class OtherPartitions(Exception):
    """The topic has another number of partitions than the sends were routed for, or is gone. Nothing was written."""


class Taken(msgspec.Struct, kw_only=True):
    """The offsets that a counter gave: from `next` on, at the server's time `at`, in the topic with this identity."""

    next: int
    at: datetime
    topic_id: ObjectId | None
    appended: bytes


def append(
    store: Store, sends: Sequence[Send], interceptors: Sequence[Interceptor], session: ClientSession
) -> list[list[Sent]]:
    """Store the messages of sends to one topic in the session's transaction; return where, for each send.

    Raises OtherPartitions, `replays.KeyUsed`, what an interceptor raises and the driver's errors: after each the
    transaction must be aborted.
    """
    counters = _take_offsets(store, sends, session)
    documents: list[RawBSONDocument] = []
    records: list[ConsumerRecord] = []
    results = []
    for send in sends:
        placed = list(_place(send, counters))
        documents += [
            document_of(entry.body, sent.partition, sent.offset, counters[sent.partition].appended)
            for entry, sent in zip(send.entries, placed, strict=True)
        ]
        if interceptors:
            records += _records(send, placed, counters)
        results.append(placed)
    latest = max(counters.values(), key=lambda counter: counter.at)
    replays.remember(store, sends, results, topic_id=latest.topic_id, at=latest.at, session=session)
    for interceptor in interceptors:
        interceptor.before_append(records, session)
    _insert(store, sends[0].topic, documents, session)
    return results


def _insert(store: Store, topic: str, documents: Sequence[RawBSONDocument], session: ClientSession) -> None:
    """Insert documents that are ready: the driver's own way would look at each of them once more."""
    first, size = 0, 0
    for index, document in enumerate(documents):
        size += len(document.raw)
        if size > LARGEST_COMMAND or index - first == MOST_IN_COMMAND:
            _insert_at_once(store, topic, documents[first:index], session)
            first, size = index, len(document.raw)
    _insert_at_once(store, topic, documents[first:], session)


def _insert_at_once(store: Store, topic: str, documents: Sequence[RawBSONDocument], session: ClientSession) -> None:
    answer = store.database.command({"insert": messages_of(topic), "documents": documents}, session=session)
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)


def _take_offsets(store: Store, sends: Sequence[Send], session: ClientSession) -> dict[int, Taken]:
    wanted = Counter(entry.partition for send in sends for entry in send.entries)
    return {partition: _take(store, sends[0], partition, wanted[partition], session) for partition in sorted(wanted)}


def _take(store: Store, send: Send, partition: int, number: int, session: ClientSession) -> Taken:
    counter = store.counters.find_one_and_update(
        {"_id": counter_id(send.topic, partition)},
        # The server's clock, and never back: looking up an offset by its time relies on it.
        [{"$set": {"next": {"$add": ["$next", number]}, "at": {"$max": ["$at", "$$NOW"]}}}],
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    if counter is None or counter["partitions"] != send.partitions:
        raise OtherPartitions
    at = counter["at"]
    return Taken(next=counter["next"] - number, at=at, topic_id=counter.get("topicId"), appended=appended_at(at))


def _place(send: Send, counters: dict[int, Taken]) -> Iterator[Sent]:
    for entry in send.entries:
        counter = counters[entry.partition]
        yield Sent(partition=entry.partition, offset=counter.next)
        counter.next += 1


def _records(send: Send, placed: Sequence[Sent], counters: dict[int, Taken]) -> Iterator[ConsumerRecord]:
    for entry, sent in zip(send.entries, placed, strict=True):
        message: Message = entry.message
        at = counters[sent.partition].at
        yield ConsumerRecord(
            topic=send.topic, partition=sent.partition, offset=sent.offset, message=message, timestamp=at
        )
