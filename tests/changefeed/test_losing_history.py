"""Where MongoDB has lost the history, a feed says so and finds by a scan what it has missed: never a silent restart."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from cqrs.changefeed import Change, ChangeFeeds, Feed, define_feeds
from cqrs.changefeed.observing import Happening
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import COLLECTION, QUICK, Delivered, feed_of, stored_tokens, wait_until_shared
from tests.changefeed.forgetful_mongodb import ForgetfulMongoDB, forgetful_mongodb

Start = Callable[..., Feed]
HISTORY_LOST = 286
ALL = ["insert", "update", "delete"]


@pytest.fixture(scope="module")
def mongodb() -> Iterator[ForgetfulMongoDB]:
    with forgetful_mongodb() as mongodb:
        yield mongodb


@pytest.fixture
def happened() -> list[Happening]:
    """What an observer was told."""
    return []


@pytest.fixture
def feeds(mongodb: ForgetfulMongoDB, happened: list[Happening]) -> Iterator[ChangeFeeds]:
    config = define_feeds(mongo_uri=mongodb.uri, database=f"feeds_{uuid4().hex[:12]}")
    with ChangeFeeds(config, observer=happened.append) as feeds:
        yield feeds


@pytest.fixture
def readings(mongodb: ForgetfulMongoDB) -> Documents:
    return mongodb.client[f"watched_{uuid4().hex[:12]}"][COLLECTION]


@pytest.fixture
def start(feeds: ChangeFeeds, readings: Documents) -> Start:
    def start(handler: Callable[..., object], **settings: Any) -> Feed:
        return feeds.start(feed_of(readings.database.name, handler, **settings), timing=QUICK)

    return start


def happenings(happened: list[Happening]) -> list[tuple[str, str | None]]:
    kinds = {"resynchronising", "resynchronised"}
    return [(one.kind, one.reason) for one in happened if one.kind in kinds]


LOST_AND_FOUND = [("resynchronising", "history lost"), ("resynchronised", "history lost")]


def test_what_was_stored_in_the_lost_history_is_delivered(
    start: Start,
    readings: Documents,
    mongodb: ForgetfulMongoDB,
    happened: list[Happening],
    caplog: pytest.LogCaptureFixture,
) -> None:
    delivered = Delivered()
    feed = start(delivered)
    readings.insert_one({"_id": "before"})
    delivered.wait_for(1)
    feed.stop()

    readings.insert_one({"_id": "missed"})
    mongodb.forget()
    wait_until_shared(start(delivered))
    readings.insert_one({"_id": "after"})
    delivered.wait_for_ids("before", "missed", "after")

    assert happenings(happened) == LOST_AND_FOUND
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.message == "change feed has to be resynchronised by a scan"
    assert (record.__dict__["feed"], record.__dict__["shard"], record.__dict__["reason"]) == (
        "alerts",
        0,
        "history lost",
    )


def test_a_feed_that_remembers_gets_only_what_it_has_missed(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB
) -> None:
    first = Delivered()
    feed = start(first, remember=True)
    readings.insert_many([{"_id": number} for number in range(300)])
    first.wait_for(300)
    feed.stop()

    readings.insert_many([{"_id": number} for number in range(300, 310)])
    mongodb.forget()
    second = Delivered()
    wait_until_shared(start(second, remember=True))

    assert sorted(second.ids) == list(range(300, 310))


def test_missed_updates_and_deletions_are_found_too(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB
) -> None:
    readings.insert_many([{"_id": f"old-{number}", "n": 0} for number in range(3)])
    first = Delivered()
    feed = start(first, operations=ALL)
    readings.insert_many([{"_id": f"new-{number}", "n": 0} for number in range(3)])
    first.wait_for(3)
    wait_until_shared(feed)
    feed.stop()

    for prefix in ("old", "new"):
        readings.update_one({"_id": f"{prefix}-1"}, {"$set": {"n": 1}})
        readings.delete_one({"_id": f"{prefix}-2"})
    readings.insert_one({"_id": "missed", "n": 0})
    mongodb.forget()
    second = Delivered()
    wait_until_shared(start(second, operations=ALL))

    assert sorted(second.operations) == [
        ("delete", "new-2"),
        ("delete", "old-2"),
        ("insert", "missed"),
        ("update", "new-1"),
        ("update", "old-1"),
    ]


def test_history_that_is_lost_under_a_running_feed_is_found_again(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB, happened: list[Happening]
) -> None:
    delivered = Delivered()
    feed = start(delivered)
    wait_until_shared(feed)

    mongodb.fail(mode={"times": 3}, data={"failCommands": ["getMore", "aggregate"], "errorCode": HISTORY_LOST})
    readings.insert_one({"_id": "meanwhile"})
    delivered.wait_for_ids("meanwhile")
    wait_until_shared(feed)
    readings.insert_one({"_id": "after"})
    delivered.wait_for_ids("after")

    assert ("reconnecting", "HistoryLost") in {(one.kind, one.reason) for one in happened}


def test_history_that_is_lost_while_a_handler_takes_long_is_found_again(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cqrs.changefeed.inbox.CAPACITY", 5)
    monkeypatch.setattr("cqrs.changefeed.shard_worker.WINDOW", 5)
    go_on = threading.Event()
    delivered = Delivered(lambda _: go_on.wait(60))
    feed = start(delivered)
    wait_until_shared(feed)

    readings.insert_many([{"_id": number} for number in range(100)])
    mongodb.forget()
    go_on.set()
    delivered.wait_for_ids(*range(100))
    wait_until_shared(feed)

    assert set(delivered.ids) == set(range(100))


def test_a_resynchronisation_that_was_interrupted_goes_on_where_it_was(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB
) -> None:
    feed = start(Delivered())
    wait_until_shared(feed)
    feed.stop()
    readings.insert_many([{"_id": number} for number in range(3000)])
    mongodb.forget()

    first = Delivered()
    feed = start(first)
    first.wait_for(200)
    feed.stop()
    second = Delivered()
    start(second)
    wait_until(lambda: set(first.ids + second.ids) == set(range(3000)), "all of it is delivered")

    assert len(first.ids) < 3000
    assert set(first.ids).isdisjoint(second.ids)


def test_a_position_in_the_future_of_a_restored_deployment_is_not_waited_for(
    feeds: ChangeFeeds, start: Start, readings: Documents, happened: list[Happening]
) -> None:
    feed = start(Delivered())
    feed.stop()
    (token,) = stored_tokens(feeds)
    later = f"{token[:2]}{int(token[2:10], 16) + 100_000:08X}{token[10:]}"
    feeds.store.positions.update_one({"_id.group": "alerts"}, {"$set": {"point.token": later}})
    readings.insert_one({"_id": "missed"})

    delivered = Delivered()
    start(delivered)
    delivered.wait_for_ids("missed")

    assert happenings(happened)[0] == LOST_AND_FOUND[0]


def test_order_is_kept_where_a_failing_change_was_scanned(
    start: Start, readings: Documents, mongodb: ForgetfulMongoDB
) -> None:
    feed = start(Delivered(), operations=ALL)
    wait_until_shared(feed)
    feed.stop()
    readings.insert_one({"_id": 1, "n": 1})
    mongodb.forget()
    failures = iter(range(2))

    def fail(_: Change) -> None:
        if next(failures, None) is not None:
            raise ValueError

    delivered = Delivered(fail)
    feed = start(delivered, operations=ALL)
    wait_until_shared(feed)
    readings.update_one({"_id": 1}, {"$set": {"n": 2}})
    delivered.wait_for(2)

    assert delivered.operations == [("insert", 1), ("update", 1)]
