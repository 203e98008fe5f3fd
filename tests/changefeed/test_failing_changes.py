"""Changes that fail: tried again, then out of the way with what follows of their document; nobody else waits."""

import threading
from collections.abc import Callable
from typing import Any

from cqrs.changefeed import Change, ChangeFeeds, Feed, letters
from cqrs.changefeed.letters import change_of_letter
from cqrs.changefeed.observing import Happening
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, QUICK, Delivered, feed_of
from tests.changefeed.failing import Failing, parked, wait_for_letters

Start = Callable[..., Feed]
SLOW = RetryPolicy(max_attempts=3, base=30.0)


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


def test_an_outage_is_waited_out_by_a_batch_as_it_is(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    readings.insert_many([{"_id": number} for number in range(5)])
    outages = iter(range(3))
    calls: list[list[Any]] = []

    def handle(changes: list[Change]) -> None:
        calls.append([change.document_id for change in changes])
        if next(outages, None) is not None:
            raise Unavailable("elsewhere")

    start(handle, batch=True, from_beginning=True, retry=RetryPolicy(max_attempts=1))
    wait_until(lambda: len(calls) == 4, "it is tried until the outage is over")

    assert calls == [list(range(5))] * 4
    assert parked(feeds) == []


def test_stopping_does_not_wait_for_the_next_attempt(start: Start, readings: Documents) -> None:
    failing = Failing(bad=99)
    feed = start(Delivered(failing), retry=SLOW)
    readings.insert_one({"_id": "bad"})
    wait_until(lambda: failing.attempts, "it has failed once")

    ending = threading.Thread(target=feed.stop)
    ending.start()
    ending.join(60)

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
