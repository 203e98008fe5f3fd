"""What a scheduler shows to Prometheus: sums of what it has counted, and how deliveries are doing now."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.figures import newest_rates, overdue_seconds
from cqrs.delivery.ledger import STATE, Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.window import Windowing
from tests.delivery.recorded import SHORT, Recorder, run_until_counted
from tests.delivery.tracked import TOPIC

COUNTERS = ("expected_deliveries", "received_deliveries", "missed_deliveries", "failed_events", "revised_windows")


@pytest.fixture
def scheduler(ledger: Ledger) -> Scheduler:
    return Scheduler(ledger, Notices(ledger, Thresholds()), SHORT)


def counters() -> list[float]:
    """Expected, received, missed, failed, revised: of this process since it began."""
    return [REGISTRY.get_sample_value(f"cqrs_delivery_{name}_total", {"topic": TOPIC}) or 0.0 for name in COUNTERS]


def test_counters_hold_each_delivery_once_and_what_came_late(ledger: Ledger, scheduler: Scheduler) -> None:
    before = counters()
    recorder = Recorder(ledger)
    recorder.publish("first", "second", to=("billing", "mailing"))
    recorder.fail("third")
    recorder.receive("first", by=("billing", "mailing"))

    run_until_counted(scheduler, ledger)
    recorder.receive("second", by=("billing",))
    run_until_counted(scheduler, ledger)

    added = [now - then for now, then in zip(counters(), before, strict=True)]
    assert added == [4, 2, 2, 1, 1]


def test_the_rate_is_that_of_the_newest_window_in_which_something_was_expected(
    ledger: Ledger, scheduler: Scheduler
) -> None:
    recorder = Recorder(ledger)
    recorder.publish("first", to=("billing",))
    recorder.publish("second", "third", to=("billing",), later=0.5)
    recorder.receive("second", by=("billing",), later=0.5)
    recorder.fail("fourth", later=1.0)

    run_until_counted(scheduler, ledger)

    assert newest_rates(ledger) == {TOPIC: 0.5}


def test_there_is_no_rate_and_no_delay_before_a_scheduler_has_begun(ledger: Ledger) -> None:
    assert newest_rates(ledger) == {}
    assert overdue_seconds(ledger, SHORT) is None


def test_a_scheduler_that_stands_still_is_overdue(ledger: Ledger, scheduler: Scheduler) -> None:
    run_until_counted(scheduler, ledger)
    in_time = overdue_seconds(ledger, Windowing(size=500, grace=3_600_000))

    ledger.collection(STATE).update_one({"_id": "position"}, {"$set": {"next": datetime.now(UTC) - timedelta(hours=1)}})
    late = overdue_seconds(ledger, SHORT)

    assert in_time == 0
    assert late is not None
    assert late >= 3590
