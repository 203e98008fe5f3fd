"""What comes late is found: whatever has become of the clock and of the setting, and of no window twice."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.clock import now
from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.counting import count
from cqrs.delivery.late_records import REVISED_FOR
from cqrs.delivery.ledger import STATE, WINDOWS, Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.records import milliseconds
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.stored_windows import store
from cqrs.delivery.window import Windowing
from tests.delivery.recorded import SHORT, Recorder, numbers, recount, run, run_until_counted, windows
from tests.waiting import wait_until

THREE = ("billing", "mailing", "search")
LONG = Windowing(size=100_000, grace=0)


@pytest.fixture
def recorder(ledger: Ledger) -> Recorder:
    return Recorder(ledger)


def new_scheduler(ledger: Ledger, windowing: Windowing = SHORT) -> Scheduler:
    return Scheduler(ledger, Notices(ledger, Thresholds()), windowing)


def test_after_the_clock_was_set_back_late_records_are_found(ledger: Ledger, recorder: Recorder) -> None:
    scheduler = new_scheduler(ledger)
    recorder.publish("1", to=THREE)
    run(scheduler)
    hour = 60 * 60 * 1000
    later = {name: {"$add": [f"${name}", hour]} for name in ("next", "looked")}
    ledger.collection(STATE).update_one({"_id": "position"}, [{"$set": later}])

    recorder.receive("1", by=THREE)
    run_until_counted(scheduler, ledger)
    recorder.publish("2", to=THREE, later=0.5)
    run_until_counted(scheduler, ledger)

    assert [window["received"] for window in windows(ledger)] == [3, 0]


def test_after_another_size_was_set_a_window_is_revised_as_it_was(ledger: Ledger, recorder: Recorder) -> None:
    recorder.publish("1", to=THREE)
    recorder.publish("2", to=THREE, later=0.5)
    run(new_scheduler(ledger))
    before = [(window["start"], window["end"]) for window in windows(ledger)]
    longer = new_scheduler(ledger, Windowing(size=700, grace=0))
    wait_until(longer.step, "a longer one is counted")

    recorder.receive("1", by=THREE)
    recorder.receive("2", by=THREE, later=0.5)

    def are_revised() -> bool:
        run(longer)
        return all(one["late"] for one in windows(ledger))

    wait_until(are_revised, "both are revised")

    assert [(window["start"], window["end"], window["received"]) for window in windows(ledger)] == [
        (*one, 3) for one in before
    ]


def test_an_event_from_before_the_first_window_is_counted_when_it_comes(ledger: Ledger, recorder: Recorder) -> None:
    scheduler = new_scheduler(ledger)
    run(scheduler)

    recorder.publish("1", to=THREE)
    run_until_counted(scheduler, ledger)

    assert [window["expected"] for window in windows(ledger)] == [3]


def test_a_window_of_which_something_is_about_to_expire_stays_as_it_is(ledger: Ledger, database: Database[Any]) -> None:
    recorder = Recorder(ledger, before_now=1900, windowing=LONG)
    events = [str(number) for number in range(30)]
    for number, event in enumerate(events):
        recorder.publish(event, to=("mailing",), later=number * 10)
    age = (now() - recorder.start).total_seconds()
    # Of the first window the older half is.
    scheduler = new_scheduler(Ledger(database, kept_seconds=round((age - 50) / REVISED_FOR)), LONG)
    run(scheduler)

    for number, event in enumerate(events):
        recorder.receive(event, by=("mailing",), later=number * 10)
    ledger.collection(STATE).update_one({"_id": "position"}, {"$set": {"looked": recorder.start}})
    run(scheduler)

    stored = windows(ledger)
    assert all(one["end"] <= other["start"] for one, other in pairwise(stored))
    assert [(one["events"], one["received"]) for one in stored] == [(10, 0), (10, 10), (10, 10)]


def test_what_was_counted_earlier_does_not_replace_what_was_counted_later(ledger: Ledger, recorder: Recorder) -> None:
    start = milliseconds(recorder.start)
    recorder.publish("1", to=THREE)
    earlier = count(ledger, start, start + SHORT.size)
    recorder.receive("1", by=THREE)
    later = count(ledger, start, start + SHORT.size)

    with ledger.client.start_session() as session:
        for counted in (later, earlier):
            with session.start_transaction():
                store(ledger, counted, late=True, session=session)

    assert numbers(ledger) == recount(ledger)
    assert [window["received"] for window in windows(ledger)] == [3]


def test_a_restarted_scheduler_makes_the_look_again_that_was_not_finished(ledger: Ledger, recorder: Recorder) -> None:
    for number in range(4):
        recorder.publish(str(number), to=THREE, later=number * 0.5)
    run(new_scheduler(ledger))
    for number in range(4):
        recorder.receive(str(number), by=THREE, later=number * 0.5)
    interrupted = new_scheduler(ledger)
    revised = {"late": True}
    wait_until(lambda: interrupted.step() and ledger.collection(WINDOWS).find_one(revised), "one is revised")

    run_until_counted(new_scheduler(ledger), ledger)

    assert [window["rate"] for window in windows(ledger)] == [1.0] * 4
    assert recorder.start + timedelta(seconds=1.5) == windows(ledger)[-1]["start"]
