"""Reading a partition from an offset. Offsets are written without gaps, so a gap that is found has been purged."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from bson import Int64, MaxKey, MinKey, ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession

from cqrs.broker.message import ConsumerRecord
from cqrs.broker.mongodb import Document, translated, translated_outside
from cqrs.broker.store import Store, counter_id, decoded, message_id
from cqrs.broker.stored import record_of

END_OF_PARTITION = 2**63 - 1


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a partition: the offset that its next message will get, and the identity of its topic.

    A topic that is made anew under the same name has another identity; one from before there were identities has None.
    """

    next: int
    topic_id: ObjectId | None


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """Offsets that retention has removed: from `first` up to before `until`."""

    first: int
    until: int


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next in a partition: first what has been purged, then records whose offsets follow one another.

    `next_offset` is where to read on, `stored` the records as they came over the wire.
    """

    purged: Purged | None
    records: Sequence[ConsumerRecord]
    next_offset: int
    stored: Sequence[RawBSONDocument] = ()

    def again(self, first: int, until: int) -> list[ConsumerRecord]:
        """Return records of this page by their places in it as they are stored, whatever was done to them meanwhile."""
        topic = self.records[0].topic
        return [record_of(topic, document) for document in self.stored[first:until]]


def read(store: Store, *, topic: str, partition: int, offset: int, limit: int) -> Page:
    """Return the records from `offset` on: at most `limit` and about 16 MB, in one round trip. Raises Unavailable.

    There is nothing more to read now where both `purged` and `records` are empty.
    """
    with translated():
        found = _find(store, topic, partition, offset, limit)
        if not found:
            # Asked before looking once more: what is counted by now and still not there has been purged.
            end = latest(store, topic=topic, partition=partition)
            if end <= offset:
                return Page(purged=None, records=(), next_offset=offset)
            found = _find(store, topic, partition, offset, limit)
    if not found:
        return Page(purged=Purged(first=offset, until=end), records=(), next_offset=end)
    records = _unbroken([record_of(topic, document) for document in found])
    first = records[0].offset
    return Page(
        purged=Purged(first=offset, until=first) if first > offset else None,
        records=records,
        next_offset=records[-1].offset + 1,
        stored=found,
    )


def latest(store: Store, *, topic: str, partition: int, session: ClientSession | None = None) -> int:
    """Return the offset that the next message will get; 0 where topic or partition do not exist yet."""
    with translated_outside(session):
        counter = store.counters.find_one({"_id": counter_id(topic, partition)}, session=session)
    return 0 if counter is None else int(counter["next"])


def latest_of_all(store: Store, *, topic: str, session: ClientSession | None = None) -> Mapping[int, int]:
    """Return by partition the offset that its next message will get; nothing where the topic does not exist yet."""
    return {partition: end.next for partition, end in ends(store, topic=topic, session=session).items()}


def ends(store: Store, *, topic: str, session: ClientSession | None = None) -> dict[int, End]:
    """Return the ends by partition; nothing where the topic does not exist yet. Raises Unavailable."""
    everything = {"$gt": {"topic": topic, "partition": MinKey()}, "$lt": {"topic": topic, "partition": MaxKey()}}
    with translated_outside(session):
        return {
            counter["_id"]["partition"]: End(next=int(counter["next"]), topic_id=counter.get("topicId"))
            for counter in store.counters.find({"_id": everything}, session=session)
        }


def earliest(store: Store, *, topic: str, partition: int, session: ClientSession | None = None) -> int:
    """Return the offset of the oldest message that is still there, or else the one that the next will get."""
    with translated_outside(session):
        # The counter first: a message that comes in between is then not skipped.
        end = latest(store, topic=topic, partition=partition, session=session)
        cursor = store.messages(topic).find(_range(partition, 0), {"_id": 1}, session=session)
        for document in cursor.sort("_id", ASCENDING).limit(1):
            return min(end, _offset(document))
    return end


def behind_last(store: Store, *, topic: str, partition: int, session: ClientSession | None = None) -> int:
    """Return the offset behind the last message that is there, whatever the counter says; 0 where there is none."""
    with translated_outside(session):
        cursor = store.messages(topic).find(_range(partition, 0), {"_id": 1}, session=session)
        for document in cursor.sort("_id", DESCENDING).limit(1):
            return _offset(document) + 1
    return 0


def offset_at(store: Store, *, topic: str, partition: int, at: datetime) -> int:
    """Return the first offset that was appended at `at` or later, by the server's clock; else the next one.

    Found by halving: the times within a partition never fall.
    """
    with translated():
        high = latest(store, topic=topic, partition=partition)
        low = earliest(store, topic=topic, partition=partition)
        while low < high:
            middle = (low + high) // 2
            found = _first_from(store, topic, partition, middle, high)
            if found is None or found["appendedAt"] >= at:
                high = middle
            else:
                low = int(found["_id"]["offset"]) + 1
    return low


def _find(store: Store, topic: str, partition: int, offset: int, limit: int) -> list[RawBSONDocument]:
    # A negative limit asks for one reply only, of 16 MB at most, and leaves no cursor behind.
    return list(store.messages(topic).find(_range(partition, offset)).sort("_id", ASCENDING).limit(-limit))


def _first_from(store: Store, topic: str, partition: int, low: int, high: int) -> Document | None:
    wanted = _range(partition, low, high)
    cursor = store.messages(topic).find(wanted, {"appendedAt": 1}).sort("_id", ASCENDING).limit(1)
    return next((decoded(document) for document in cursor), None)


def _range(partition: int, first: int, until: int = END_OF_PARTITION) -> Document:
    return {"_id": {"$gte": message_id(partition, first), "$lt": message_id(partition, Int64(until))}}


def _offset(document: RawBSONDocument) -> int:
    return int(decoded(document)["_id"]["offset"])


def _unbroken(records: Sequence[ConsumerRecord]) -> Sequence[ConsumerRecord]:
    """Return the records up to the first gap; it is reported by the next reading, which begins there."""
    first = records[0].offset
    for index, record in enumerate(records):
        if record.offset != first + index:
            return records[:index]
    return records
