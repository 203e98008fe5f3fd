"""One change stream a database and process, however many feeds; who is behind catches up alone and comes back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient

from cqrs.changefeed import Change, ChangeFeeds, Feed
from cqrs.changefeed.observing import Happening
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import QUICK, Delivered, feed_of, wait_until_shared

Start = Callable[..., Feed]


def open_streams(client: MongoClient[dict[str, Any]], database: str) -> int:
    """Return how many change streams of a database the server has open."""
    running = client.admin.aggregate([{"$currentOp": {"idleCursors": True, "allUsers": True}}])
    cursors = {
        one["cursor"]["cursorId"]
        for one in running
        # While somebody waits at the cursor its namespace is shorter.
        if one.get("ns") in {f"{database}.$cmd.aggregate", f"{database}.$cmd"} and "cursorId" in one.get("cursor", {})
    }
    return len(cursors)


def test_many_feeds_share_one_stream(
    feeds: ChangeFeeds, readings: Documents, client: MongoClient[dict[str, Any]]
) -> None:
    database = readings.database
    delivered = [Delivered() for _ in range(6)]
    started = [
        feeds.start(feed_of(database.name, seen, name=f"feed-{n}", collection=f"c{n % 3}", shards=2), timing=QUICK)
        for n, seen in enumerate(delivered)
    ]
    for feed in started:
        wait_until_shared(feed, shards=2)

    streams = open_streams(client, database.name)
    for n in range(3):
        database[f"c{n}"].insert_many([{"_id": f"{n}-{m}"} for m in range(20)])
    for seen in delivered:
        seen.wait_for(20)

    assert streams == 1
    assert [sorted(seen.ids) for seen in delivered] == [sorted(f"{n % 3}-{m}" for m in range(20)) for n in range(6)]


def test_the_stream_ends_with_the_last_feed(
    start: Start, readings: Documents, client: MongoClient[dict[str, Any]]
) -> None:
    first, second = start(Delivered(), name="first"), start(Delivered(), name="second")
    wait_until_shared(first)
    wait_until_shared(second)

    first.stop()
    left = open_streams(client, readings.database.name)
    second.stop()

    assert left == 1
    wait_until(lambda: open_streams(client, readings.database.name) == 0, "no stream is left")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little room between stream and handler, so that a slow feed is soon behind."""
    monkeypatch.setattr("cqrs.changefeed.inbox.CAPACITY", 20)
    monkeypatch.setattr("cqrs.changefeed.shard_worker.WINDOW", 10)


@pytest.mark.usefixtures("small")
def test_a_feed_that_is_held_up_holds_up_no_other_and_catches_up_alone(
    feeds_config: Any, readings: Documents, client: MongoClient[dict[str, Any]]
) -> None:
    happened: list[Happening] = []
    go_on = threading.Event()

    def hold(_: Change) -> None:
        assert go_on.wait(60)

    slow, fast = Delivered(hold), Delivered()
    name = readings.database.name
    with ChangeFeeds(feeds_config, observer=happened.append) as feeds:
        held_up = feeds.start(feed_of(name, slow, name="slow"), timing=QUICK)
        other = feeds.start(feed_of(name, fast, name="fast", parallel=16), timing=QUICK)
        wait_until_shared(held_up)
        wait_until_shared(other)
        for number in range(200):
            readings.insert_one({"_id": number})
        fast.wait_for_ids(*range(200))
        was_held_up = slow.changes == []
        go_on.set()
        slow.wait_for_ids(*range(200))
        wait_until_shared(held_up)
        streams = open_streams(client, name)
        readings.insert_one({"_id": "last"})
        slow.wait_for_ids("last")

    assert was_held_up
    assert ("behind", "slow") in {(one.kind, one.feed) for one in happened}
    assert streams == 1
    assert slow.ids == sorted(slow.ids, key=str) or len(slow.ids) == len(set(slow.ids)), "nothing came twice"


@pytest.mark.usefixtures("small")
def test_nothing_is_lost_or_doubled_between_the_streams_under_load(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    feed = start(delivered, operations=["insert", "update"], parallel=2)
    wait_until_shared(feed)

    readings.insert_many([{"_id": number, "n": 0} for number in range(50)])
    for n in range(1, 21):
        readings.update_many({}, {"$set": {"n": n}})
    delivered.wait_for(50 * 21)

    assert len(delivered.changes) == 50 * 21
    points = {number: [c.resume_point for c in delivered.changes if c.document_id == number] for number in range(50)}
    assert all(some == sorted(set(some)) and len(some) == 21 for some in points.values()), "each once, in order"


def test_a_feed_that_comes_later_gets_what_comes_then(start: Start, readings: Documents) -> None:
    first, second = Delivered(), Delivered()
    start(first, name="first")
    readings.insert_one({"_id": 1})
    first.wait_for(1)

    start(second, name="second")
    readings.insert_one({"_id": 2})
    second.wait_for(1)
    first.wait_for(2)

    assert (first.ids, second.ids) == ([1, 2], [2])


def test_a_stream_that_was_killed_goes_on_where_it_was(
    start: Start, readings: Documents, client: MongoClient[dict[str, Any]]
) -> None:
    delivered = Delivered()
    wait_until_shared(start(delivered))

    for number in range(5):
        running = client.admin.aggregate([{"$currentOp": {"idleCursors": True, "allUsers": True}}])
        name = f"{readings.database.name}.$cmd.aggregate"
        cursors = [one["cursor"]["cursorId"] for one in running if one.get("ns") == name and "cursor" in one]
        client[readings.database.name].command("killCursors", "$cmd.aggregate", cursors=cursors)
        readings.insert_one({"_id": number})
    delivered.wait_for(5)

    assert delivered.ids == list(range(5))
