"""Reading from an offset: in order, bounded, and never past a gap in silence."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cqrs.broker import Broker, Message, Producer, define_producer, define_topic
from cqrs.broker.reading import Purged, earliest, latest, latest_of_all, offset_at, read
from cqrs.broker.store import Documents, Store
from cqrs.testing.waiting import wait_until

TOPIC = "orders"
MEGABYTE = 1_000_000


@pytest.fixture
def producer(broker: Broker) -> Producer:
    broker.topics.create(define_topic(name=TOPIC, partitions=2))
    return broker.create_producer(define_producer(topic=TOPIC, partition_strategy="key-based"))


def send(producer: Producer, number: int) -> None:
    """Send this many messages to partition 1."""
    sent = producer.send([Message(key="a", value=index) for index in range(number)])
    assert {place.partition for place in sent} == {1}


def purge(broker: Broker, *offsets: int) -> None:
    """Remove messages as the TTL index does."""
    broker.store.messages(TOPIC).delete_many({"_id": {"$in": [{"partition": 1, "offset": one} for one in offsets]}})


def page(broker: Broker, offset: int, limit: int = 100) -> Any:
    found = read(broker.store, topic=TOPIC, partition=1, offset=offset, limit=limit)
    return found.purged, [record.offset for record in found.records], found.next_offset


def test_pages_follow_one_another_to_the_end(broker: Broker, producer: Producer) -> None:
    send(producer, 5)

    pages = [page(broker, offset, limit=2) for offset in (0, 2, 4, 5)]

    assert pages == [(None, [0, 1], 2), (None, [2, 3], 4), (None, [4], 5), (None, [], 5)]


def test_what_is_purged_at_the_beginning_is_told_first(broker: Broker, producer: Producer) -> None:
    send(producer, 5)
    purge(broker, 0, 1)

    pages = [page(broker, offset) for offset in (0, 1, 2)]

    assert pages == [
        (Purged(first=0, until=2), [2, 3, 4], 5),
        (Purged(first=1, until=2), [2, 3, 4], 5),
        (None, [2, 3, 4], 5),
    ]


def test_a_gap_in_the_middle_ends_the_page_before_it(broker: Broker, producer: Producer) -> None:
    send(producer, 5)
    purge(broker, 2)

    pages = [page(broker, 0), page(broker, 2)]

    assert pages == [(None, [0, 1], 2), (Purged(first=2, until=3), [3, 4], 5)]


def test_a_partition_whose_every_message_is_purged_says_so(broker: Broker, producer: Producer) -> None:
    send(producer, 3)
    purge(broker, 0, 1, 2)

    pages = [page(broker, 1), page(broker, 3)]

    assert pages == [(Purged(first=1, until=3), [], 3), (None, [], 3)]


class SentMeanwhile(Store):
    """Has something sent once, right before somebody looks how far a partition goes."""

    def __init__(self, store: Store, send: Callable[[], object]) -> None:
        super().__init__(store.client, store.database.name)
        self._sends = [send]

    @property
    def counters(self) -> Documents:
        while self._sends:
            self._sends.pop()()
        return super().counters


def test_what_comes_while_nothing_is_found_is_not_taken_for_purged(broker: Broker, producer: Producer) -> None:
    store = SentMeanwhile(broker.store, lambda: send(producer, 2))

    found = read(store, topic=TOPIC, partition=1, offset=0, limit=10)

    assert found.purged is None
    assert [record.offset for record in found.records] == [0, 1]


def test_messages_of_another_partition_are_none_of_this_one(broker: Broker, producer: Producer) -> None:
    producer.send(Message(key="ação", value="other"))
    send(producer, 1)

    found = read(broker.store, topic=TOPIC, partition=1, offset=0, limit=10)

    assert [(record.partition, record.message.value) for record in found.records] == [(1, 0)]
    assert latest_of_all(broker.store, topic=TOPIC) == {0: 1, 1: 1}


def test_a_page_of_large_messages_stays_below_a_reply_of_mongodb(broker: Broker, producer: Producer) -> None:
    for _ in range(3):
        producer.send([Message(key="a", value="x" * 7 * MEGABYTE) for _ in range(2)])

    pages = [page(broker, offset)[1] for offset in (0, 2, 4)]

    assert pages == [[0, 1], [2, 3], [4, 5]]


def test_earliest_is_the_oldest_still_there_and_latest_the_next_to_come(broker: Broker, producer: Producer) -> None:
    seen = [ends(broker)]
    send(producer, 3)
    seen.append(ends(broker))
    purge(broker, 0)
    seen.append(ends(broker))
    purge(broker, 1, 2)
    seen.append(ends(broker))

    assert seen == [(0, 0), (0, 3), (1, 3), (3, 3)]


def test_a_topic_that_is_not_there_yet_starts_at_zero(broker: Broker) -> None:
    found = (
        earliest(broker.store, topic="none", partition=0),
        latest(broker.store, topic="none", partition=0),
        dict(latest_of_all(broker.store, topic="none")),
        read(broker.store, topic="none", partition=0, offset=0, limit=1).next_offset,
    )

    assert found == (0, 0, {}, 0)


def test_an_offset_is_found_by_the_time_of_its_appending(broker: Broker, producer: Producer) -> None:
    times = []
    for _ in range(6):
        send(producer, 3)
        last = read(broker.store, topic=TOPIC, partition=1, offset=0, limit=100).records[-1].timestamp
        times.append(last)
        wait_until(lambda last=last: broker_time(broker) > last, "the server's clock goes on")  # type: ignore[misc]
    purge(broker, 0, 1, 2, 3, 10)

    moments = [times[0] - timedelta(days=1), *times, times[-1] + timedelta(milliseconds=1)]
    found = [offset_at(broker.store, topic=TOPIC, partition=1, at=moment) for moment in moments]

    assert found == [4, 4, 4, 6, 9, 12, 15, 18]


def test_times_within_a_partition_never_fall(broker: Broker, producer: Producer) -> None:
    broker.store.counters.update_one(
        {"_id": {"topic": TOPIC, "partition": 1}}, [{"$set": {"at": {"$add": ["$$NOW", 3_600_000]}}}]
    )
    ahead = broker_time(broker) + timedelta(minutes=59)

    send(producer, 2)

    records = read(broker.store, topic=TOPIC, partition=1, offset=0, limit=10).records
    assert [record.timestamp > ahead for record in records] == [True, True]


def test_reading_a_page_looks_at_no_more_than_the_page(broker: Broker, producer: Producer) -> None:
    send(producer, 50)

    broker.store.database.command("profile", 2)
    read(broker.store, topic=TOPIC, partition=1, offset=10, limit=5)
    broker.store.database.command("profile", 0)

    queries = list(broker.store.database["system.profile"].find({"ns": {"$regex": r"\.messages\."}}))
    assert [(query["keysExamined"], query["docsExamined"], query.get("hasSortStage")) for query in queries] == [
        (5, 5, None)
    ]


def ends(broker: Broker) -> tuple[int, int]:
    return earliest(broker.store, topic=TOPIC, partition=1), latest(broker.store, topic=TOPIC, partition=1)


def broker_time(broker: Broker) -> Any:
    return broker.store.database.command("hello", codec_options=broker.store.database.codec_options)["localTime"]
