"""A batch reads what is new by index, however long the log and whatever the planner knows of it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from cqrs.eventlog import lag
from cqrs.eventlog.subscription import Subscription
from cqrs.testing.drain import drain
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard

Ask = Callable[..., list[tuple[Any, ...]]]

# Two events a thing, as the pipeline leaves them: its creation and the confirmation; every fourth is of another type.
FILL = """
insert into cqrs_event (event_id, aggregate_type, aggregate_id, version, confirms, stage, name, bucket, app_id, seed,
                        recorded_at, data)
select gen_random_uuid(), case when number %% 4 = 0 then 'other' else 'thing' end, id,
       case when kind = 1 then 1 end, case when kind = 2 then 1 end, 'CHANGED', 'tests.thing_changed.v1',
       get_byte(sha256(id::text::bytea), 0), 'test-1', 'run-1', clock_timestamp(),
       jsonb_build_object('thingId', id, 'version', 1, 'note', repeat('x', 500))
from (select number, gen_random_uuid() as id from generate_series(1, %s) number) thing, generate_series(1, 2) kind
"""
FORGET_STATISTICS = """
select pg_clear_relation_stats('public', 'cqrs_event'),
       (select count(*) from (select pg_clear_attribute_stats('public', 'cqrs_event', attname, false)
                              from pg_attribute
                              where attrelid = 'cqrs_event'::regclass and attnum > 0 and not attisdropped) cleared)
"""
STATISTICS = ["fresh", "stale", "none"]


@pytest.fixture(params=STATISTICS)
def long_log(request: pytest.FixtureRequest, ask: Ask) -> Iterator[Subscription]:
    """50,000 events, all read, with statistics that are fresh, from when there were few, or missing."""
    ask("alter table cqrs_event set (autovacuum_enabled = false)")
    if request.param == "stale":
        ask(FILL, [500])
        ask("analyze cqrs_event")
    ask(FILL, [25_000])
    ask({"fresh": "analyze cqrs_event", "stale": "select 1", "none": FORGET_STATISTICS}[request.param])
    subscription = Subscription("test", aggregate_type=THING, handle=Recorder(), batch_size=20)
    ask("set enable_seqscan = off")  # only to get there sooner
    with_large_batches = Subscription("test", aggregate_type=THING, handle=Recorder(), batch_size=10_000)
    drain(with_large_batches.step)
    ask("set enable_seqscan = default")
    yield subscription
    ask("alter table cqrs_event reset (autovacuum_enabled)")


def test_a_small_window_is_read_by_index(long_log: Subscription, commit: Callable[..., None], ask: Ask) -> None:
    commit(*(changed(thing_in_shard(0)) for _ in range(15)))

    statements = reading_statements(long_log)

    assert len(statements) == 4
    for statement in statements:
        assert indexes_of(statement, ask) == {"cqrs_event_unread", "cqrs_event_pkey"}


def test_a_large_window_is_paged_along_the_ids(long_log: Subscription, commit: Callable[..., None], ask: Ask) -> None:
    commit(*(changed(thing_in_shard(0)) for _ in range(200)))
    long_log.step()

    page, *_ = reading_statements(long_log)

    assert "window" not in page
    assert indexes_of(page, ask) == {"cqrs_event_pkey"}


def test_a_writer_that_was_open_long_is_found_by_index(
    long_log: Subscription, new_writer: Callable[[], Any], commit: Callable[..., None], ask: Ask
) -> None:
    writer = new_writer().begin().append(changed(thing_in_shard(0)))
    commit(*(changed(thing_in_shard(0)) for _ in range(5)))
    drain(long_log.step)
    writer.commit()

    first, *_ = reading_statements(long_log)

    assert indexes_of(first, ask) == {"cqrs_event_unread", "cqrs_event_pkey"}


def test_few_among_many_that_are_unread_are_looked_up_one_by_one(
    long_log: Subscription, commit: Callable[..., None], ask: Ask
) -> None:
    # A new subscription, whose type of aggregate is rare: counting what is unread may go through all of it, once.
    rare = Subscription("rare", aggregate_type="rare", handle=Recorder())
    commit(*(changed(thing_in_shard(0), aggregate_type="rare") for _ in range(5)))

    first, *_ = reading_statements(rare)

    (lookup,) = lookups_of(plan_of(first, ask))
    assert (lookup["Node Type"], lookup["Index Name"]) == ("Index Scan", "cqrs_event_pkey")


def test_of_a_window_that_is_too_large_no_event_is_fetched_to_count_it(
    long_log: Subscription, commit: Callable[..., None], ask: Ask
) -> None:
    commit(*(changed(thing_in_shard(0)) for _ in range(200)))

    counting, paging, *_ = reading_statements(long_log)

    (lookup,) = lookups_of(plan_of(counting, ask, options="analyze, "))
    assert lookup["Actual Loops"] == 0
    assert "limit 20" in paging


@pytest.mark.parametrize("in_progress", [False, True], ids=["between windows", "window in progress"])
def test_the_lag_is_measured_by_index_and_no_further_than_its_limit(
    long_log: Subscription, commit: Callable[..., None], ask: Ask, monkeypatch: pytest.MonkeyPatch, in_progress: bool
) -> None:
    monkeypatch.setattr(lag, "MOST_EVENTS_A_SHARD", 10)
    commit(*(changed(thing_in_shard(0)) for _ in range(200)))
    if in_progress:
        long_log.step()

    with CaptureQueriesContext(connection) as captured:
        lag.measure_lag("test", THING)
    (measuring,) = [query["sql"] for query in captured if "cqrs_event" in query["sql"]]
    with transaction.atomic():
        ask(lag.READ_IN_ORDER)
        nodes = plan_of(measuring, ask, options="analyze, ")

    reads = [node for node in nodes if node.get("Relation Name") == "cqrs_event"]
    assert {(node["Node Type"], node.get("Index Name")) for node in reads} == {
        ("Index Scan", "cqrs_event_pkey"),
        ("Index Scan", "cqrs_event_unread"),
    }
    assert not [node for node in nodes if node["Node Type"] == "Sort"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in reads) == 10


def reading_statements(subscription: Subscription) -> list[str]:
    """The statements of a step that read events, with the values that they were sent with."""
    with CaptureQueriesContext(connection) as captured:
        subscription.step()
    return [query["sql"] for query in captured if "event.data::text" in query["sql"]]


def indexes_of(statement: str, ask: Ask) -> set[str]:
    """The indexes by which a statement reaches the events; fails where it reads the table from end to end."""
    nodes = plan_of(statement, ask)
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def lookups_of(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the events themselves are read, after those that are unread have been found."""
    return [node for node in nodes if node.get("Alias") == "event" and "Relation Name" in node]


def plan_of(statement: str, ask: Ask, *, options: str = "") -> list[dict[str, Any]]:
    """All nodes of the statement's plan."""
    ((plan,),) = ask(f"explain ({options}format json) " + statement.replace("%", "%%"), [])
    return list(_nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)
