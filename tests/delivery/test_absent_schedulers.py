"""A scheduler that was away: what was published meanwhile is counted, and where nothing was it does not count."""

import logging
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from cqrs.clock import now
from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.window import Windowing
from tests.delivery.recorded import Recorder, numbers, recount, run, run_until_counted, windows

TENS = Windowing(size=10_000, grace=0)
DAY = 24 * 60 * 60


@pytest.fixture
def scheduler(ledger: Ledger) -> Scheduler:
    return Scheduler(ledger, Notices(ledger, Thresholds()), TENS)


def spans(caplog: pytest.LogCaptureFixture) -> list[tuple[datetime, datetime]]:
    """The windows that were logged, as they were."""
    totals = [vars(record) for record in caplog.records if record.getMessage().startswith("total: ")]
    return [(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in totals]


def test_days_without_an_event_are_one_step(
    ledger: Ledger, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for days in (29, 7):
        Recorder(ledger, before_now=days * DAY, windowing=TENS).publish(f"{days} days ago", to=("mailing",))

    run(scheduler)

    logged = spans(caplog)
    assert len(logged) < 20
    assert all(end == start for (_, end), (start, _) in pairwise(logged))
    assert logged[-1][1] > now() - timedelta(seconds=20)
    assert numbers(ledger) == recount(ledger, TENS)
    assert len(windows(ledger)) == 2


def test_what_comes_late_for_a_time_without_events_is_counted_in_its_window(
    ledger: Ledger, scheduler: Scheduler
) -> None:
    Recorder(ledger, before_now=7 * DAY, windowing=TENS).publish("first", to=("mailing",))
    run(scheduler)
    late = Recorder(ledger, before_now=3 * DAY, windowing=TENS)

    late.publish("late", to=("mailing",), later=3.0)
    run_until_counted(scheduler, ledger, TENS)

    window = windows(ledger)[-1]
    assert (window["start"], window["end"]) == (late.start, late.start + timedelta(seconds=10))
    assert (window["expected"], window["late"]) == (1, True)


def test_a_few_windows_without_events_are_logged_one_by_one(
    ledger: Ledger, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    recorder = Recorder(ledger, before_now=45, windowing=TENS)
    recorder.publish("first", to=("mailing",))
    recorder.receive("first", by=("mailing",))

    run(scheduler)

    assert caplog.messages[:7] == [
        "rev record: create-user, traceID: 7ac5a053-ce16-4f10-8cac-519a381fc5f9, eventID: first",
        "total: 1",
        "missed: 0",
        "completion rate of last 10 sec. : 100.000000",
        "total: 0",
        "missed: 0",
        "completion rate of last 10 sec. : null",
    ]
    assert {end - start for start, end in spans(caplog)} == {timedelta(seconds=10)}
