"""Changes that fail: tried again, then out of the way with what follows of their document; nobody else waits."""

import threading
from collections.abc import Callable
from typing import Any

from bson.datetime_ms import DatetimeMS

from cqrs.changefeed import Change, ChangeFeeds, Feed, letters
from cqrs.changefeed.letters import change_of_letter
from cqrs.changefeed.observing import Happening
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, QUICK, Delivered, feed_of

Start = Callable[..., Feed]
SLOW = RetryPolicy(max_attempts=3, base=30.0)


class Failing:
    """Fails for documents as often as is said, and remembers every attempt."""

    def __init__(self, **bad: int) -> None:
        self.bad = bad
        self.attempts: list[Any] = []

    def __call__(self, change: Change) -> None:
        self.attempts.append(change.document_id)
        if self.bad.get(change.document_id, 0) > 0:
            self.bad[change.document_id] -= 1
            raise ValueError(f"cannot take {change.document_id}")


def parked(feeds: ChangeFeeds) -> list[tuple[str, str, str]]:
    """Return key, operation and state of the letters, in order."""
    found = letters.listing(feeds.store, NAME)
    return [(one.record.message.key or "", change_of_letter(one).operation, one.state) for one in found]


def wait_for_letters(feeds: ChangeFeeds, number: int) -> None:
    wait_until(lambda: len(parked(feeds)) == number, f"{number} letters are there")


def test_a_failing_change_is_tried_again_and_others_go_on_meanwhile(start: Start, readings: Documents) -> None:
    failing = Failing(bad=1)
    delivered = Delivered(failing)
    start(delivered, retry=RetryPolicy(max_attempts=3, base=1.0), parallel=1, operations=["insert", "update"])

    readings.insert_many([{"_id": "bad", "n": 1}, {"_id": "good", "n": 1}])
    readings.update_one({"_id": "bad"}, {"$set": {"n": 2}})
    delivered.wait_for(3)

    assert failing.attempts == ["bad", "good", "bad", "bad"]
    assert delivered.operations == [("insert", "good"), ("insert", "bad"), ("update", "bad")]


def test_as_many_poison_documents_as_there_are_threads_hold_up_nobody(start: Start, readings: Documents) -> None:
    delivered = Delivered(Failing(**{f"bad-{number}": 99 for number in range(4)}))
    start(delivered, retry=SLOW, parallel=2)

    readings.insert_many([{"_id": f"bad-{number}"} for number in range(4)])
    readings.insert_many([{"_id": number} for number in range(20)])
    delivered.wait_for(20)

    assert sorted(delivered.ids) == list(range(20))


def test_a_change_that_keeps_failing_becomes_a_dead_letter_and_its_document_waits(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    failing = Failing(bad=99)
    delivered = Delivered(failing)
    start(delivered, operations=["insert", "update", "delete"])

    readings.insert_one({"_id": "bad", "n": 1})
    readings.update_one({"_id": "bad"}, {"$set": {"n": 2}})
    readings.insert_one({"_id": "good", "n": 1})
    wait_for_letters(feeds, 2)
    readings.delete_one({"_id": "bad"})
    wait_for_letters(feeds, 3)

    assert parked(feeds) == [
        ('"bad"', "insert", "parked"),
        ('"bad"', "update", "waiting"),
        ('"bad"', "delete", "waiting"),
    ]
    (first, *_) = letters.listing(feeds.store, NAME)
    assert (first.attempts, first.error_type, first.error) == (3, "ValueError", "cannot take bad")
    assert change_of_letter(first).document == {"_id": "bad", "n": 1}
    assert failing.attempts.count("bad") == 3
    assert delivered.ids == ["good"]


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


def test_unavailability_counts_no_attempt_and_is_waited_out(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    outages = iter(range(4))

    def fail(_: Change) -> None:
        if next(outages, None) is not None:
            raise Unavailable("elsewhere")

    delivered = Delivered(fail)
    start(delivered, retry=RetryPolicy(max_attempts=1))
    readings.insert_one({"_id": 1})
    delivered.wait_for(1)

    assert delivered.ids == [1]
    assert parked(feeds) == []


def test_a_poison_change_in_a_batch_holds_back_only_itself(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    handled: list[Any] = []

    def handle(changes: list[Change]) -> None:
        if any(change.document_id == "bad" for change in changes):
            raise ValueError("bad")
        handled.extend(change.document_id for change in changes)

    start(handle, batch=True, parallel=2)
    readings.insert_many([{"_id": one} for one in (1, 2, "bad", 3, 4)])
    wait_for_letters(feeds, 1)
    wait_until(lambda: len(handled) >= 4, "the others are handled")

    assert sorted(handled) == [1, 2, 3, 4]
    assert parked(feeds) == [('"bad"', "insert", "parked")]


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


def test_stopping_does_not_wait_for_the_next_attempt(start: Start, readings: Documents) -> None:
    failing = Failing(bad=99)
    feed = start(Delivered(failing), retry=SLOW)
    readings.insert_one({"_id": "bad"})
    wait_until(lambda: failing.attempts, "it has failed once")

    ending = threading.Thread(target=feed.stop)
    ending.start()
    ending.join(5)

    assert not ending.is_alive()


def test_a_handler_that_ends_its_thread_is_a_failure_of_the_change(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    def leave(change: Change) -> None:
        if change.document_id == "bad":
            raise SystemExit

    delivered = Delivered(leave)
    start(delivered, parallel=1)
    readings.insert_many([{"_id": "bad"}, {"_id": "good"}])
    wait_for_letters(feeds, 1)

    assert delivered.ids == ["good"]


def test_an_observer_is_told_of_dead_letters_and_may_fail(feeds_config: Any, readings: Documents) -> None:
    told: list[Happening] = []

    def observe(happening: Happening) -> None:
        told.append(happening)
        raise RuntimeError

    delivered = Delivered(Failing(bad=99))
    with ChangeFeeds(feeds_config, observer=observe) as feeds:
        feeds.start(feed_of(readings.database.name, delivered), timing=QUICK)
        readings.insert_many([{"_id": "bad"}, {"_id": "good"}])
        wait_for_letters(feeds, 1)
        delivered.wait_for(1)

    assert [(one.kind, one.feed, one.reason) for one in told] == [("dead_letter", NAME, "ValueError")]


def test_letters_and_position_are_stored_together(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    feed = start(Failing(bad=99), operations=["insert", "update"])
    readings.insert_many([{"_id": number, "n": 0} for number in range(3)])
    readings.insert_one({"_id": "bad", "n": 1})
    wait_for_letters(feeds, 1)
    feed.stop()

    position = feeds.store.positions.find_one({"_id.group": NAME})
    (letter,) = letters.listing(feeds.store, NAME)

    assert position is not None
    assert (position["committed"], letter.record.offset) == (4, 3)
    assert position["point"]["token"] >= change_of_letter(letter).resume_point
