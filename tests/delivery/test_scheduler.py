"""The scheduler: each window counted once its grace is over, revised by what comes late, by however many at once."""

import logging
import threading
from itertools import pairwise
from typing import Any

import pytest

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.notices import Notice, Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.window import Windowing
from cqrs.errors import Unavailable
from tests.delivery.recorded import SHORT, Recorder, numbers, recount, run, run_until_counted, windows
from tests.delivery.tracked import TOPIC, TRACE
from tests.waiting import wait_until

THREE = ("billing", "mailing", "search")


class Told:
    """Remembers what it was told; `is_away` makes it unavailable."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.asked = 0
        self.is_away = False

    def __call__(self, notice: Notice) -> None:
        self.asked += 1
        if self.is_away:
            raise Unavailable("operators")
        self.notices.append(notice)

    @property
    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def recorder(ledger: Ledger) -> Recorder:
    return Recorder(ledger)


@pytest.fixture
def scheduler(ledger: Ledger, told: Told) -> Scheduler:
    return new_scheduler(ledger, told)


def new_scheduler(ledger: Ledger, told: Told | None = None, windowing: Windowing = SHORT) -> Scheduler:
    return Scheduler(ledger, Notices(ledger, Thresholds(), told), windowing)


def test_a_window_is_counted(ledger: Ledger, recorder: Recorder, scheduler: Scheduler) -> None:
    recorder.publish("1", "2", to=THREE)
    recorder.receive("1", by=THREE)
    recorder.receive("2", by=("billing",))
    recorder.fail("3")

    run(scheduler)

    (window,) = windows(ledger)
    assert (window["topic"], window["start"]) == (TOPIC, recorder.start)
    assert (window["events"], window["failed"], window["expected"], window["received"]) == (2, 1, 6, 4)
    assert (window["missed"], window["rate"], window["late"]) == (2, 4 / 6, False)
    assert [(one["name"], one["rate"]) for one in window["subscriptions"]] == [
        ("billing", 1.0),
        ("mailing", 0.5),
        ("search", 0.5),
    ]


def test_where_nothing_was_expected_the_rate_is_null(ledger: Ledger, recorder: Recorder, scheduler: Scheduler) -> None:
    recorder.publish("1", to=())
    recorder.fail("2", later=0.5)

    run(scheduler)

    assert [window["rate"] for window in windows(ledger)] == [None, None]


def test_a_window_is_not_counted_before_its_grace_is_over(ledger: Ledger) -> None:
    recorder = Recorder(ledger, before_now=0)
    recorder.publish("1", to=THREE)

    run(new_scheduler(ledger, windowing=Windowing(size=500, grace=600_000)))

    assert windows(ledger) == []


def test_what_comes_late_revises_its_window(ledger: Ledger, recorder: Recorder, scheduler: Scheduler) -> None:
    recorder.publish("1", to=THREE)
    recorder.publish("2", to=THREE, later=0.5)
    recorder.receive("2", by=THREE, later=0.5)
    run(scheduler)

    recorder.receive("1", by=THREE)
    run_until_counted(scheduler, ledger)

    assert [(window["rate"], window["late"]) for window in windows(ledger)] == [(1.0, True), (1.0, False)]


def test_an_event_whose_transaction_ends_late_is_counted(
    ledger: Ledger, recorder: Recorder, scheduler: Scheduler
) -> None:
    recorder.publish("1", to=THREE)
    run(scheduler)

    recorder.publish("2", to=THREE)
    run_until_counted(scheduler, ledger)

    assert [window["expected"] for window in windows(ledger)] == [6]


def test_a_restarted_scheduler_goes_on_where_the_last_one_was(ledger: Ledger, recorder: Recorder) -> None:
    for number in range(4):
        recorder.publish(str(number), to=THREE, later=number * 0.5)
    new_scheduler(ledger).step()

    run_until_counted(new_scheduler(ledger), ledger)

    assert [window["expected"] for window in windows(ledger)] == [3, 3, 3, 3]


def test_two_schedulers_count_and_log_each_window_once(
    ledger: Ledger, recorder: Recorder, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        recorder.publish(str(number), to=THREE, later=number * 0.5)
    caplog.set_level(logging.INFO)

    at_once(lambda: run(new_scheduler(ledger, told)))

    run_until_counted(new_scheduler(ledger, told), ledger)
    totals = [line for line in caplog.messages if line == "total: 3"]
    assert (len(totals), told.kinds) == (3, ["alarm"] * 3)


def at_once(work: Any, *, number: int = 3) -> None:
    """Do the same in several threads."""
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_another_size_of_windows_counts_nothing_twice(ledger: Ledger, recorder: Recorder) -> None:
    for number in range(4):
        recorder.publish(str(number), to=THREE, later=number * 0.5)
    new_scheduler(ledger).step()
    longer = new_scheduler(ledger, windowing=Windowing(size=700, grace=0))

    def expected() -> int:
        run(longer)
        return sum(window["expected"] for window in windows(ledger))

    wait_until(lambda: expected() == 12, "all are counted")
    recorder.receive("0", by=THREE)
    run(longer)

    stored = windows(ledger)
    assert sum(window["expected"] for window in stored) == 12
    assert all(one["end"] <= other["start"] for one, other in pairwise(stored))


def test_the_log_says_what_the_seed_says(
    ledger: Ledger, recorder: Recorder, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.publish("event-1", to=("mailing",))
    recorder.receive("event-1", by=("mailing", "late"))
    caplog.set_level(logging.INFO)

    scheduler.step()

    assert caplog.messages[:4] == [
        f"rev record: create-user, traceID: {TRACE}, eventID: event-1",
        "total: 1",
        "missed: 0",
        "completion rate of last 0.5 sec. : 100.000000",
    ]


def test_the_log_has_no_rate_where_nothing_was_expected(
    ledger: Ledger, recorder: Recorder, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.publish("event-1", to=())
    caplog.set_level(logging.INFO)

    scheduler.step()

    assert caplog.messages == ["total: 0", "missed: 0", "completion rate of last 0.5 sec. : null"]


def test_an_alarm_is_told_once_for_each_window_and_recovery_once(
    ledger: Ledger, recorder: Recorder, scheduler: Scheduler, told: Told
) -> None:
    recorder.publish("1", to=THREE)
    recorder.publish("2", to=THREE, later=0.5)
    recorder.receive("2", by=("billing", "search"), later=0.5)
    recorder.publish("3", to=THREE, later=1.0)
    recorder.receive("3", by=THREE, later=1.0)

    run_until_counted(scheduler, ledger)

    assert [(notice.kind, notice.missed) for notice in told.notices] == [("alarm", 3), ("alarm", 1), ("recovery", 0)]
    assert told.notices[0].start == recorder.start


def test_what_arrives_late_is_a_recovery(ledger: Ledger, recorder: Recorder, scheduler: Scheduler, told: Told) -> None:
    recorder.publish("1", to=THREE)
    run(scheduler)

    recorder.receive("1", by=THREE)
    run_until_counted(scheduler, ledger)

    assert told.kinds == ["alarm", "recovery"]


def test_what_nobody_took_is_told_again(ledger: Ledger, recorder: Recorder, scheduler: Scheduler, told: Told) -> None:
    recorder.publish("1", to=THREE)
    told.is_away = True
    run(scheduler)
    told.is_away = False
    ledger.collection("delivery_notices").update_many({}, {"$set": {"dueAt": recorder.start}})

    run(scheduler)
    run(scheduler)

    assert told.kinds == ["alarm"]


def test_who_is_away_is_asked_once_and_everything_is_logged(
    ledger: Ledger, recorder: Recorder, scheduler: Scheduler, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.is_away = True
    for number in range(3):
        recorder.publish(str(number), to=THREE, later=number * 0.5)
    run(scheduler)
    asked = told.asked

    ledger.collection("delivery_notices").update_many({}, {"$set": {"dueAt": recorder.start}})
    scheduler.step()

    assert told.asked == asked + 1
    assert caplog.messages.count("completion rate below threshold") == 3


def test_topics_are_apart(ledger: Ledger, recorder: Recorder, scheduler: Scheduler, told: Told) -> None:
    recorder.publish("1", to=THREE)
    recorder.publish("1", to=("billing",), topic="other")
    recorder.receive("1", by=("billing",), topic="other")

    run_until_counted(scheduler, ledger)

    assert {topic: counted for (topic, _), counted in numbers(ledger).items()} == {
        TOPIC: (1, 0, 3, 0),
        "other": (1, 0, 1, 1),
    }
    assert [notice.topic for notice in told.notices] == [TOPIC]
    assert numbers(ledger) == recount(ledger)
