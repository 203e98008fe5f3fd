"""A feed delivers what happens to documents: all of it, in order per document, side by side otherwise."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bson import Binary, Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument

from cqrs.changefeed import Change, ChangeFeeds, Feed
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import Delivered, no_thread_left, wait_until_shared

Start = Callable[..., Feed]


def test_what_is_stored_after_start_has_returned_is_delivered(start: Start, readings: Documents) -> None:
    delivered = Delivered()

    start(delivered)
    readings.insert_one({"_id": "a", "value": 6.2})
    delivered.wait_for(1)

    (change,) = delivered.changes
    assert (change.operation, change.document_id, change.key) == ("insert", "a", '"a"')
    assert change.document == {"_id": "a", "value": 6.2}
    assert change.feed == "alerts"
    assert abs(change.wall_time - datetime.now(UTC)) < timedelta(seconds=30)
    assert change.cluster_time.time <= datetime.now(UTC).timestamp() + 1
    assert change.resume_point


def test_what_was_stored_before_the_first_start_is_not_delivered(start: Start, readings: Documents) -> None:
    readings.insert_one({"_id": "before"})
    delivered = Delivered()

    start(delivered)
    readings.insert_one({"_id": "after"})
    delivered.wait_for(1)

    assert delivered.ids == ["after"]


def test_a_feed_of_inserts_delivers_inserts_only(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    start(delivered)

    readings.insert_one({"_id": 1})
    readings.update_one({"_id": 1}, {"$set": {"n": 1}})
    readings.delete_one({"_id": 1})
    readings.insert_one({"_id": 2})
    delivered.wait_for_ids(2)

    assert delivered.operations == [("insert", 1), ("insert", 2)]


def test_updates_replacements_and_deletions_are_delivered_where_they_are_wanted(
    start: Start, readings: Documents
) -> None:
    delivered = Delivered()
    start(delivered, operations=["insert", "update", "delete"])

    readings.insert_one({"_id": 1, "n": 1})
    delivered.wait_for(1)
    readings.update_one({"_id": 1}, {"$set": {"n": 2}})
    delivered.wait_for(2)
    readings.replace_one({"_id": 1}, {"n": 3})
    delivered.wait_for(3)
    readings.delete_one({"_id": 1})
    delivered.wait_for(4)

    assert delivered.operations == [("insert", 1), ("update", 1), ("update", 1), ("delete", 1)]
    assert delivered.of(1) == [1, 2, 3]
    assert delivered.changes[-1].document is None


def test_the_changes_of_a_document_stay_in_order_while_others_overtake(start: Start, readings: Documents) -> None:
    go_on = threading.Event()

    def hold(change: Change) -> None:
        if change.document_id == "slow":
            assert go_on.wait(60)

    delivered = Delivered(hold)
    start(delivered, operations=["insert", "update"], parallel=2)

    readings.insert_one({"_id": "slow", "n": 0})
    for number in range(1, 6):
        readings.update_one({"_id": "slow"}, {"$set": {"n": number}})
    readings.insert_many([{"_id": f"quick-{number}"} for number in range(50)])
    delivered.wait_for_ids(*(f"quick-{number}" for number in range(50)))
    overtaken = "slow" not in delivered.ids
    go_on.set()
    delivered.wait_for(56)

    assert overtaken
    assert delivered.operations[50:] == [("insert", "slow")] + [("update", "slow")] * 5


def test_no_more_calls_run_at_once_than_allowed(start: Start, readings: Documents) -> None:
    running: list[int] = []
    most: list[int] = []
    changing = threading.Lock()
    both = threading.Barrier(3, timeout=60)

    def count(_: Change) -> None:
        with changing:
            running.append(1)
            most.append(len(running))
        both.wait()
        with changing:
            running.pop()

    delivered = Delivered(count)
    start(delivered, parallel=3)

    readings.insert_many([{"_id": number} for number in range(12)])
    delivered.wait_for(12)

    assert max(most) == 3


def test_a_handler_of_batches_gets_lists_in_order(start: Start, readings: Documents) -> None:
    batches: list[list[Change]] = []
    start(batches.append, batch=True, batch_size=10, parallel=1)

    readings.insert_many([{"_id": number} for number in range(100)])
    wait_until(lambda: sum(len(batch) for batch in batches) >= 100, "all is delivered")

    assert [change.document_id for batch in batches for change in batch] == list(range(100))
    assert max(len(batch) for batch in batches) == 10


@pytest.mark.parametrize(
    "document_id",
    [
        ObjectId("0123456789abcdef01234567"),
        5,
        2**40,
        1.5,
        "5",
        {"a": 1, "b": [1]},
        None,
        Decimal128("1.10"),
        datetime(2024, 1, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_any_kind_of_id_is_a_key(start: Start, readings: Documents, document_id: Any) -> None:
    delivered = Delivered()
    start(delivered, operations=["insert", "delete"])

    readings.insert_one({"_id": document_id})
    readings.delete_one({"_id": document_id})
    delivered.wait_for(2)

    assert delivered.operations == [("insert", document_id), ("delete", document_id)]


def test_a_pipeline_filters_and_reshapes(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    start(
        delivered,
        pipeline=[
            {"$match": {"fullDocument.value": {"$gt": 6}}},
            {"$set": {"fullDocument.over": {"$subtract": ["$fullDocument.value", 6]}}},
            {"$unset": "fullDocument.secret"},
        ],
    )

    readings.insert_many([{"_id": value, "value": value, "secret": "$value"} for value in (5, 6, 7, 8)])
    delivered.wait_for(2)

    assert [change.document for change in delivered.changes] == [
        {"_id": 7, "value": 7, "over": 1},
        {"_id": 8, "value": 8, "over": 2},
    ]


def test_a_document_with_a_native_uuid_is_delivered(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    start(delivered)
    uuid = UUID("bf951e3e-aefd-4335-a330-5fcca06f100d")

    readings.insert_one({"_id": Binary.from_uuid(uuid)})
    delivered.wait_for(1)

    assert delivered.ids == [uuid]


def test_what_python_has_no_value_for_stops_nobody(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    delivered = Delivered()
    start(delivered, pipeline=[{"$match": {"fullDocument": {"$exists": True}}}])

    broken = RawBSONDocument(b"\x17\x00\x00\x00\x10_id\x00\x02\x00\x00\x00\x02t\x00\x02\x00\x00\x00\xff\x00\x00")
    readings.insert_many([{"_id": 1, "at": DatetimeMS(2**60)}, broken, {"_id": 3, "ref": {"$ref": "x", "$id": 1}}])
    delivered.wait_for(3)

    assert delivered.ids == [1, 2, 3]


def test_feeds_with_pipelines_of_their_own_share_a_collection(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    low, high = Delivered(), Delivered()
    start(low, name="low", pipeline=[{"$match": {"fullDocument.n": {"$lt": 3}}}])
    start(high, name="high", pipeline=[{"$match": {"fullDocument.n": {"$gte": 3}}}])

    readings.insert_many([{"_id": number, "n": number} for number in range(6)])
    low.wait_for(3)
    high.wait_for(3)

    assert sorted(low.ids) == [0, 1, 2]
    assert sorted(high.ids) == [3, 4, 5]


def test_stopping_leaves_no_thread_and_starting_again_goes_on(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered()

    with no_thread_left():
        feed = start(delivered)
        readings.insert_one({"_id": 1})
        delivered.wait_for(1)
        wait_until_shared(feed)
        feed.stop()
    readings.insert_one({"_id": 2})
    start(delivered)
    readings.insert_one({"_id": 3})
    delivered.wait_for(3)

    assert delivered.ids == [1, 2, 3]


def test_a_handler_may_stop_its_own_feed(start: Start, readings: Documents) -> None:
    started: list[Feed] = []
    delivered = Delivered(lambda _: started[0].stop())
    started.append(start(delivered))

    readings.insert_one({"_id": 1})
    delivered.wait_for(1)
    started[0].stop()

    assert not started[0].is_running
    assert delivered.ids == [1]


def test_what_was_not_handed_out_when_it_stops_is_left_for_the_next_start(start: Start, readings: Documents) -> None:
    go_on = threading.Event()
    begun: list[Any] = []

    def hold(change: Change) -> None:
        begun.append(change.document_id)
        assert go_on.wait(60)

    first, second = Delivered(hold), Delivered()
    # Two shards, each with one of the documents, share the only thread.
    feed = start(first, parallel=1, shards=2)
    wait_until_shared(feed, shards=2)
    readings.insert_many([{"_id": number} for number in range(10)])
    wait_until(lambda: begun, "one is in hand")
    stopping = threading.Thread(target=feed.stop)
    stopping.start()
    wait_until(lambda: not feed.is_running, "it is asked to stop")
    go_on.set()
    stopping.join(60)

    start(second, parallel=1, shards=2)
    wait_until(lambda: len(first.ids + second.ids) >= 10, "all are handled")

    assert len(first.ids) <= 2, "one of each shard"
    assert sorted(first.ids + second.ids) == list(range(10))
