"""Dead letters of feeds: kept for whoever comes, retried in order, discarded; later changes behind them."""

from collections.abc import Callable

from bson.datetime_ms import DatetimeMS

from cqrs.changefeed import ChangeFeeds, Feed, letters
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, Delivered
from tests.changefeed.failing import Failing, parked, wait_for_letters

Start = Callable[..., Feed]


def test_a_retry_delivers_the_letters_of_a_document_in_order_and_later_changes_behind_them(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    failing = Failing(bad=3)
    delivered = Delivered(failing)
    feed = start(delivered, operations=["insert", "update"])
    readings.insert_one({"_id": "bad", "n": 1})
    readings.update_one({"_id": "bad"}, {"$set": {"n": 2}})
    wait_for_letters(feeds, 2)

    retried = letters.retry(feeds.store, feed.config, key='"bad"')
    wait_for_letters(feeds, 0)
    readings.update_one({"_id": "bad"}, {"$set": {"n": 3}})
    delivered.wait_for(3)

    assert retried == 1
    assert delivered.operations == [("insert", "bad"), ("update", "bad"), ("update", "bad")]
    assert [change.document["n"] for change in delivered.changes if change.document][-1] == 3


def test_a_letter_that_fails_again_is_parked_again(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    failing = Failing(bad=99)
    feed = start(Delivered(failing))
    readings.insert_one({"_id": "bad"})
    wait_for_letters(feeds, 1)

    letters.retry(feeds.store, feed.config)
    wait_until(lambda: letters.listing(feeds.store, NAME)[0].attempts == 6, "it has failed again")

    assert parked(feeds) == [('"bad"', "insert", "parked")]


def test_a_discarded_letter_makes_way_for_what_waits_behind_it(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered(Failing(bad=3))
    start(delivered, operations=["insert", "update"])
    readings.insert_one({"_id": "bad", "n": 1})
    wait_for_letters(feeds, 1)
    readings.update_one({"_id": "bad"}, {"$set": {"n": 2}})
    wait_for_letters(feeds, 2)

    discarded = letters.discard(feeds.store, letters.listing(feeds.store, NAME)[0].id)
    wait_for_letters(feeds, 0)

    assert discarded
    assert delivered.operations == [("update", "bad")]


def test_after_the_only_letter_was_discarded_later_changes_are_delivered(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered(Failing(bad=3))
    start(delivered, operations=["insert", "update"])
    readings.insert_one({"_id": "bad", "n": 1})
    wait_for_letters(feeds, 1)

    letters.discard(feeds.store, letters.listing(feeds.store, NAME)[0].id)
    for n in (2, 3):
        readings.update_one({"_id": "bad"}, {"$set": {"n": n}})
    delivered.wait_for(2)

    assert delivered.operations == [("update", "bad")] * 2
    assert parked(feeds) == []


def test_documents_stay_held_for_whoever_owns_the_shard_next(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    feed = start(Failing(bad=99), operations=["insert", "update"])
    readings.insert_one({"_id": "bad", "n": 1})
    wait_for_letters(feeds, 1)
    feed.stop()

    delivered = Delivered()
    heir = start(delivered, operations=["insert", "update"])
    readings.update_one({"_id": "bad"}, {"$set": {"n": 2}})
    readings.insert_one({"_id": "good", "n": 2})
    delivered.wait_for(1)
    wait_for_letters(feeds, 2)
    before = delivered.ids.copy()
    letters.retry(feeds.store, heir.config)
    delivered.wait_for(3)

    assert before == ["good"]
    assert delivered.operations[1:] == [("insert", "bad"), ("update", "bad")]


def test_a_document_that_nearly_fills_the_limit_becomes_a_letter_and_is_read_anew_for_a_retry(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered(Failing(big=3))
    feed = start(delivered)
    text = "x" * (16 * 1024 * 1024 - 3000)
    readings.insert_one({"_id": "big", "text": text})
    wait_for_letters(feeds, 1)

    letters.retry(feeds.store, feed.config)
    delivered.wait_for(1)

    (change,) = delivered.changes
    assert change.document is not None
    assert change.document["text"] == text


MINUS = [{"$set": {"fullDocument.over": {"$subtract": ["$fullDocument.value", 6]}}}]


def test_a_document_that_the_pipeline_fails_for_holds_back_only_itself(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered()
    feed = start(delivered, pipeline=MINUS, operations=["insert", "update"])

    readings.insert_many([{"_id": "a", "value": 7}, {"_id": "bad", "value": "text"}, {"_id": "c", "value": 8}])
    delivered.wait_for(2)
    wait_for_letters(feeds, 1)
    readings.update_one({"_id": "bad"}, {"$set": {"value": 9}})
    wait_for_letters(feeds, 2)
    letters.retry(feeds.store, feed.config)
    wait_until(lambda: letters.listing(feeds.store, NAME)[0].attempts == 4, "it was tried again")

    assert sorted(delivered.ids) == ["a", "c"]
    assert parked(feeds) == [('"bad"', "insert", "parked"), ('"bad"', "update", "waiting")]


def test_a_letter_that_the_pipeline_failed_for_passes_a_mended_one(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    feed = start(Delivered(), pipeline=MINUS)
    readings.insert_one({"_id": "bad", "value": "text"})
    wait_for_letters(feeds, 1)
    feed.stop()

    delivered = Delivered()
    mended = start(delivered, pipeline=[{"$set": {"fullDocument.over": "unknown"}}])
    letters.retry(feeds.store, mended.config)
    delivered.wait_for(1)

    assert [change.document for change in delivered.changes] == [{"_id": "bad", "value": "text", "over": "unknown"}]


def test_a_letter_with_a_date_beyond_pythons_can_be_listed_and_retried(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered(Failing(bad=3))
    feed = start(delivered)
    readings.insert_one({"_id": "bad", "at": DatetimeMS(2**60)})
    wait_for_letters(feeds, 1)

    letters.retry(feeds.store, feed.config)
    delivered.wait_for(1)

    assert delivered.changes[0].document == {"_id": "bad", "at": DatetimeMS(2**60)}
