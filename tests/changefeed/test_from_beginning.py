"""A feed from the beginning: what is there, then what comes, and nothing between them is missed."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from cqrs.changefeed import Change, ChangeFeeds, Feed
from cqrs.changefeed.stream import token_now
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, Delivered, stored_tokens, wait_until_shared

Start = Callable[..., Feed]


def test_documents_of_any_id_are_delivered_once_each(start: Start, readings: Documents) -> None:
    ids: list[Any] = [None, 1, 2.5, "a", {"a": 1}, ObjectId(), b"x", True, datetime(2024, 1, 1, tzinfo=UTC)]
    readings.insert_many([{"_id": one} for one in ids])
    delivered = Delivered()

    feed = start(delivered, from_beginning=True)
    wait_until_shared(feed)
    readings.insert_one({"_id": "new"})
    delivered.wait_for(len(ids) + 1)

    assert sorted(map(str, delivered.ids[:-1])) == sorted(map(str, ids))
    assert {change.origin for change in delivered.changes[:-1]} == {"scan"}
    assert (delivered.ids[-1], delivered.changes[-1].origin) == ("new", "stream")


def test_nothing_is_missed_between_the_snapshot_and_the_stream_under_load(start: Start, readings: Documents) -> None:
    readings.insert_many([{"_id": f"before-{number}"} for number in range(3000)])
    written: list[str] = []
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            # On both sides of wherever the scan is.
            some = [f"{prefix}-{len(written)}" for prefix in ("a", "z")]
            readings.insert_many([{"_id": one} for one in some])
            written.extend(some)

    writer = threading.Thread(target=keep_writing)
    writer.start()
    delivered = Delivered()
    try:
        wait_until(lambda: len(written) > 20, "it writes")
        feed = start(delivered, from_beginning=True)
        wait_until_shared(feed)
    finally:
        stop.set()
        writer.join()
    wanted = {f"before-{number}" for number in range(3000)} | set(written)
    wait_until(lambda: set(delivered.ids) >= wanted, "all is delivered")

    assert set(delivered.ids) == wanted


def test_a_scan_that_was_stopped_goes_on_where_it_was(start: Start, readings: Documents) -> None:
    readings.insert_many([{"_id": number} for number in range(3000)])
    first = Delivered()
    feed = start(first, from_beginning=True)
    first.wait_for(500)
    feed.stop()
    done = len(first.changes)

    second = Delivered()
    start(second, from_beginning=True)
    wait_until(lambda: set(first.ids + second.ids) >= set(range(3000)), "all is delivered")

    assert done < 3000
    assert len(first.ids) + len(second.ids) == 3000, "what was handled when it stopped is not delivered again"


def test_what_is_written_while_a_feed_is_stopped_is_delivered_afterwards(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered()
    feed = start(delivered, from_beginning=True)
    readings.insert_one({"_id": 1})
    delivered.wait_for(1)
    # A scan that is interrupted is done again, beside the stream.
    scanned = {"point.token": {"$ne": None}, "point.scan": None}
    wait_until(lambda: feeds.store.positions.count_documents(scanned), "it is stored that the scan is over")
    feed.stop()

    readings.insert_many([{"_id": number} for number in range(2, 500)])
    start(delivered, from_beginning=True)
    delivered.wait_for_ids(*range(1, 500))

    assert sorted(delivered.ids) in (list(range(1, 500)), [1, *range(1, 500)])


def test_the_pipeline_holds_for_the_snapshot_too(start: Start, readings: Documents) -> None:
    readings.insert_many([{"_id": number, "n": number} for number in range(10)])
    delivered = Delivered()

    feed = start(delivered, from_beginning=True, pipeline=[{"$match": {"fullDocument.n": {"$gte": 8}}}])
    wait_until_shared(feed)

    assert delivered.ids == [8, 9]


def test_all_shards_together_deliver_each_document_once(start: Start, readings: Documents) -> None:
    readings.insert_many([{"_id": number} for number in range(400)])
    delivered = Delivered()

    feed = start(delivered, from_beginning=True, shards=4)
    wait_until_shared(feed, shards=4)
    readings.insert_many([{"_id": number} for number in range(400, 800)])
    delivered.wait_for(800)

    assert sorted(delivered.ids) == list(range(800))


def test_tokens_move_on_while_nothing_happens_in_the_collection(
    feeds: ChangeFeeds, start: Start, readings: Documents, monkeypatch: Any
) -> None:
    monkeypatch.setattr("cqrs.changefeed.committing.PROGRESS_SECONDS", 0.05)
    feed = start(Delivered())
    wait_until_shared(feed)

    readings.database["other"].insert_one({})
    behind_it = token_now(readings.database)

    wait_until(lambda: stored_tokens(feeds)[0] >= behind_it, "the token has moved")


def test_a_change_that_is_being_handled_is_not_behind_the_stored_position(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    go_on = threading.Event()

    def hold(change: Change) -> None:
        if change.document_id == 3:
            assert go_on.wait(60)

    delivered = Delivered(hold)
    start(delivered)
    readings.insert_many([{"_id": number} for number in range(6)])
    delivered.wait_for(5)
    wait_until(lambda: committed(feeds) == 3, "what comes before it is stored")
    go_on.set()

    wait_until(lambda: committed(feeds) == 6, "all of it is stored")


def committed(feeds: ChangeFeeds) -> int:
    position = feeds.store.positions.find_one({"_id.group": NAME})
    assert position is not None
    return int(position["committed"])
