"""Collections dropped, renamed or replaced: the feed says so, and goes on with what is there under the name."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient

from cqrs.changefeed import Feed
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import Delivered, wait_until_shared

Start = Callable[..., Feed]
ALL = ["insert", "update", "delete"]


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.__dict__["reason"] for record in caplog.records if record.levelname == "ERROR"]


def test_a_dropped_collection_is_followed_when_it_is_back(
    start: Start, readings: Documents, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = Delivered()
    feed = start(delivered)
    wait_until_shared(feed)

    readings.insert_one({"_id": "before"})
    readings.drop()
    readings.insert_one({"_id": "after"})
    delivered.wait_for_ids("before", "after")
    wait_until_shared(feed)
    readings.insert_one({"_id": "later"})
    delivered.wait_for_ids("later")

    assert reasons(caplog) == ["collection dropped"]


def test_dropping_a_collection_deletes_its_documents(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    feed = start(delivered, operations=ALL)
    readings.insert_many([{"_id": number} for number in range(3)])
    delivered.wait_for(3)
    wait_until_shared(feed)

    readings.drop()
    delivered.wait_for(6)

    assert sorted(delivered.operations[3:]) == [("delete", 0), ("delete", 1), ("delete", 2)]


def test_a_renamed_collection_is_gone_and_the_next_of_the_name_is_followed(
    start: Start, readings: Documents, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = Delivered()
    feed = start(delivered)
    wait_until_shared(feed)
    readings.insert_one({"_id": "before"})
    delivered.wait_for(1)

    readings.rename("elsewhere")
    readings.database["elsewhere"].insert_one({"_id": "not ours"})
    readings.insert_one({"_id": "after"})
    delivered.wait_for_ids("after")

    assert "not ours" not in delivered.ids
    assert reasons(caplog) == ["collection renamed"]


def test_what_a_collection_brings_that_takes_the_name_is_delivered(
    start: Start, readings: Documents, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = Delivered()
    feed = start(delivered, operations=ALL)
    readings.insert_many([{"_id": "old", "n": 1}, {"_id": "same", "n": 1}, {"_id": "changed", "n": 1}])
    delivered.wait_for(3)
    wait_until_shared(feed)

    fresh = readings.database["fresh"]
    fresh.insert_many([{"_id": "new", "n": 1}, {"_id": "same", "n": 1}, {"_id": "changed", "n": 2}])
    fresh.rename(readings.name, dropTarget=True)
    delivered.wait_for(6)
    wait_until_shared(feed)

    assert sorted(delivered.operations[3:]) == [("delete", "old"), ("insert", "new"), ("update", "changed")]
    assert set(reasons(caplog)) <= {"collection replaced", "collection dropped"}


def test_after_the_database_was_dropped_the_stream_goes_on(
    start: Start, readings: Documents, client: MongoClient[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Delivered(), Delivered()
    feeds = [start(first, name="first"), start(second, name="second", operations=ALL)]
    readings.insert_one({"_id": 1})
    first.wait_for(1)
    for feed in feeds:
        wait_until_shared(feed)

    client.drop_database(readings.database.name)
    for number in range(2, 6):
        readings.insert_one({"_id": number})
    first.wait_for_ids(2, 3, 4, 5)
    second.wait_for_ids(2, 3, 4, 5)
    for feed in feeds:
        wait_until_shared(feed)
    readings.insert_one({"_id": "last"})
    first.wait_for_ids("last")

    assert ("delete", 1) in second.operations
    assert set(reasons(caplog)) == {"collection dropped"}


def test_a_collection_that_was_dropped_while_the_feed_was_stopped(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    feed = start(delivered, operations=ALL)
    readings.insert_one({"_id": 1})
    delivered.wait_for(1)
    feed.stop()

    readings.insert_one({"_id": 2})
    readings.drop()
    readings.insert_one({"_id": 3})
    wait_until_shared(start(delivered, operations=ALL))
    delivered.wait_for_ids(2, 3)

    assert ("delete", 1) in delivered.operations
    assert delivered.operations[-1] == ("insert", 3)
