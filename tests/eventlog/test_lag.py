"""How far behind a subscription is, for a gauge: absent rather than zero where that is unknown."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from cqrs.clock import now
from cqrs.eventlog import lag
from cqrs.eventlog.append import append_confirmations
from cqrs.eventlog.lag import Lag, measure_lag
from cqrs.eventlog.ownership import own
from cqrs.eventlog.subscription import Subscription
from cqrs.testing.drain import drain
from cqrs_project.metrics import register_lag
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard
from tests.eventlog.writers import Writer

Commit = Callable[..., None]
Ask = Callable[..., list[tuple[Any, ...]]]


def subscribe(batch_size: int = 1000, handle: Recorder | None = None) -> Subscription:
    return Subscription("test", aggregate_type=THING, handle=handle or Recorder(), batch_size=batch_size)


def commit_among_others(commit: Commit, number: int) -> None:
    """Commit so many events, in turn for each shard, every one after two of another type of aggregate."""
    for shard in (position % 4 for position in range(number)):
        others = [changed(thing_in_shard(shard), aggregate_type="other") for _ in range(2)]
        commit(*others, changed(thing_in_shard(shard)))


def lag_lines(registry: CollectorRegistry) -> list[str]:
    """What a scrape says of the lag."""
    return [line for line in generate_latest(registry).decode().splitlines() if line.startswith("cqrs_subscription")]


def test_where_a_subscription_never_ran_the_lag_is_unknown(commit: Commit) -> None:
    commit(changed(uuid4()))

    assert measure_lag("test", THING) is None


def test_who_has_read_everything_is_not_behind(commit: Commit) -> None:
    commit(changed(uuid4()))
    drain(subscribe().step)

    assert measure_lag("test", THING) == Lag(events=0, seconds=0.0)


def test_the_lag_counts_what_is_unread_and_how_old_the_oldest_is(commit: Commit) -> None:
    drain(subscribe().step)
    moment = now()
    things = [changed(thing_in_shard(shard)) for shard in range(4)]
    old = msgspec.structs.replace(things[0], recorded_at=moment.replace(year=moment.year - 1))

    commit(*things[1:], old)
    measured = measure_lag("test", THING)

    assert measured is not None
    assert measured.events == 4
    assert measured.seconds == pytest.approx(365 * 86_400, abs=2 * 86_400)


def test_what_is_meant_for_others_is_no_lag(commit: Commit) -> None:
    thing = uuid4()
    commit(changed(thing))
    drain(subscribe().step)

    commit(changed(uuid4(), aggregate_type="other"))
    with transaction.atomic():
        append_confirmations([changed(thing)])

    assert measure_lag("test", THING) == Lag(events=0, seconds=0.0)


def test_of_a_window_in_progress_the_rest_counts(commit: Commit) -> None:
    subscription = subscribe(batch_size=2)
    drain(subscription.step)
    commit(*(changed(thing_in_shard(0)) for _ in range(5)))

    subscription.step()
    in_progress = measure_lag("test", THING)
    commit(changed(thing_in_shard(0)), changed(thing_in_shard(1)))
    with_later_ones = measure_lag("test", THING)

    assert in_progress is not None
    assert with_later_ones is not None
    assert (in_progress.events, with_later_ones.events) == (3, 5)


def test_an_open_writers_events_count_once_they_are_committed(commit: Commit, new_writer: Callable[[], Writer]) -> None:
    # The shard has read on, beyond the writer's transaction.
    writer = new_writer().begin().append(changed(thing_in_shard(0)))
    commit(changed(thing_in_shard(0)))
    drain(subscribe().step)

    while_open = measure_lag("test", THING)
    writer.commit()
    committed = measure_lag("test", THING)

    assert while_open is not None
    assert committed is not None
    assert (while_open.events, committed.events) == (0, 1)


def test_a_checkpoint_of_another_cluster_makes_the_lag_unknown(ask: Ask) -> None:
    drain(subscribe().step)

    ask("update cqrs_checkpoint set system_identifier = '1' where shard = 0")

    assert measure_lag("test", THING) is None


def test_step_by_step_the_lag_is_never_less_than_what_is_unread_up_to_the_limit(
    commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "MOST_EVENTS_A_SHARD", 10)
    handled = Recorder()
    subscription = subscribe(batch_size=2, handle=handled)
    drain(subscription.step)
    commit_among_others(commit, 60)

    measured: list[tuple[int, Lag | None]] = []
    while (unread := 60 - len(handled.seen)) and len(measured) < 60:
        measured.append((unread, measure_lag("test", THING)))
        subscription.step()

    assert len(measured) >= 60 / 4 / 2
    assert [
        (unread, lag) for unread, lag in measured if lag is None or not min(unread, 10) <= lag.events <= unread
    ] == []
    assert all(lag.seconds > 0 for _, lag in measured if lag)
    assert measure_lag("test", THING) == Lag(events=0, seconds=0.0)


def test_a_shard_that_is_stuck_alone_counts_up_to_the_limit(
    commit: Commit, new_writer: Callable[[], Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "MOST_EVENTS_A_SHARD", 10)
    subscription = subscribe(batch_size=2)
    drain(subscription.step)
    commit_among_others(commit, 60)

    subscription.step()
    new_writer().begin().do(lambda: own("test", 3))
    drain(subscription.step)

    measured = measure_lag("test", THING)
    assert measured is not None
    assert measured.events == 10  # of 13


def test_what_a_writer_left_out_of_a_window_in_progress_counts_once(
    commit: Commit, new_writer: Callable[[], Writer]
) -> None:
    # Its position lies within the window, which does not see it.
    subscription = subscribe(batch_size=2)
    drain(subscription.step)
    commit(*(changed(thing_in_shard(0)) for _ in range(3)))
    writer = new_writer().begin().append(changed(thing_in_shard(0)))
    commit(*(changed(thing_in_shard(0)) for _ in range(2)))

    subscription.step()
    while_open = measure_lag("test", THING)
    writer.commit()
    committed = measure_lag("test", THING)

    assert while_open is not None
    assert committed is not None
    assert (while_open.events, committed.events) == (3, 4)


def test_a_long_way_behind_is_not_counted_to_its_end(commit: Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "MOST_EVENTS_A_SHARD", 10)
    drain(subscribe().step)
    moment = now()
    oldest = msgspec.structs.replace(changed(thing_in_shard(0)), recorded_at=moment.replace(year=moment.year - 1))
    commit(oldest)
    commit(*(changed(thing_in_shard(0)) for _ in range(50)))

    measured = measure_lag("test", THING)

    assert measured is not None
    assert measured.events == 10
    assert measured.seconds > 300 * 86_400


def test_a_scrape_measures_once_for_both_figures(commit: Commit) -> None:
    registry = CollectorRegistry()
    register_lag("test", THING, registry=registry)
    drain(subscribe().step)
    commit(changed(thing_in_shard(0)))

    with CaptureQueriesContext(connection) as captured:
        lines = lag_lines(registry)

    labels = f'{{app_id="{settings.APP_ID}",subscription="test"}}'
    assert [line.rpartition(" ")[0] for line in lines] == [
        f"cqrs_subscription_lag_events{labels}",
        f"cqrs_subscription_lag_seconds{labels}",
    ]
    assert float(lines[0].rpartition(" ")[2]) == 1
    assert float(lines[1].rpartition(" ")[2]) > 0
    assert len([query for query in captured if "cqrs_checkpoint" in query["sql"]]) == 1
    assert connection.connection is None


def test_registering_the_lag_measures_nothing_and_an_unknown_lag_is_absent() -> None:
    registry = CollectorRegistry()

    with CaptureQueriesContext(connection) as captured:
        register_lag("test", THING, registry=registry)
        registering = len(captured)
        lines = lag_lines(registry)

    assert registering == 0
    assert lines == []


def test_a_lag_that_cannot_be_measured_is_absent_and_hides_nothing(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    registry = CollectorRegistry()
    register_lag("test", THING, registry=registry)
    Gauge("known", "Known.", registry=registry).set(5)
    drain(subscribe().step)

    ask("alter table cqrs_checkpoint rename to cqrs_checkpoint_elsewhere")
    try:
        page = generate_latest(registry).decode()
    finally:
        ask("alter table cqrs_checkpoint_elsewhere rename to cqrs_checkpoint")

    assert [line for line in page.splitlines() if not line.startswith("#")] == ["known 5.0"]
    assert "metric unreadable" in caplog.messages
