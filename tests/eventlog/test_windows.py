"""A window larger than a batch is read in pages, and stays the same window until it is finished."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog.checkpoint import Checkpoint
from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from cqrs.testing.drain import drain
from tests.eventlog.things import THING, Recorder, changed, thing_in_shard
from tests.eventlog.writers import Writer

Commit = Callable[..., None]


class Crash(BaseException):
    """The process ends in the middle of a batch."""


def subscribe(handle: Callable[[Sequence[Recorded]], None], batch_size: int = 2) -> Subscription:
    return Subscription("test", aggregate_type=THING, handle=handle, batch_size=batch_size)


def checkpoint(shard: int = 0) -> Checkpoint:
    read = checkpoints.read("test", shard, cluster=checkpoints.system_identifier())
    assert read is not None
    return read


def test_a_window_is_read_in_pages_and_ends_where_it_ended_at_first(commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    things = [thing_in_shard(0) for _ in range(5)]
    commit(*(changed(thing) for thing in things))

    subscription.step()
    begun = checkpoint()
    subscription.step()
    going_on = checkpoint()
    subscription.step()
    finished = checkpoint()

    assert [len(batch) for batch in handle.batches] == [2, 2, 1]
    assert begun.window is not None
    assert going_on.window is not None
    assert begun.window.snapshot == going_on.window.snapshot == finished.read
    assert begun.read == going_on.read != finished.read
    assert finished.window is None


def test_what_is_committed_meanwhile_comes_in_the_next_window(commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    before = [thing_in_shard(0) for _ in range(4)]
    meanwhile = thing_in_shard(0)
    commit(*(changed(thing) for thing in sorted(before)))

    subscription.step()
    commit(changed(meanwhile))
    subscription.step()
    window_seen = list(handle.seen)
    subscription.step()

    assert window_seen == [(thing, 1) for thing in sorted(before)]
    assert handle.seen[-1] == (meanwhile, 1)


def test_an_event_below_the_pages_position_that_commits_meanwhile_is_not_lost(
    commit: Commit, new_writer: Callable[[], Writer]
) -> None:
    # Its id lies within the window's ids, but it was not visible when the window began.
    handle = Recorder()
    subscription = subscribe(handle)
    late = thing_in_shard(0)
    open_writer = new_writer().begin().append(changed(late))
    things = sorted(thing_in_shard(0) for _ in range(5))
    commit(*(changed(thing) for thing in things))

    subscription.step()
    open_writer.commit()
    drain(subscription.step)

    assert handle.seen == [*((thing, 1) for thing in things), (late, 1)]


def test_an_event_between_the_windows_ids_that_commits_meanwhile_waits_for_the_next_window(
    commit: Commit, new_writer: Callable[[], Writer]
) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    late, things = thing_in_shard(0), [thing_in_shard(0) for _ in range(4)]
    commit(changed(things[0]))
    commit(changed(things[1]))
    open_writer = new_writer().begin().append(changed(late))
    commit(changed(things[2]))
    commit(changed(things[3]))

    subscription.step()
    open_writer.commit()
    drain(subscription.step)

    assert handle.seen == [*((thing, 1) for thing in things), (late, 1)]


def test_an_old_event_that_becomes_visible_with_a_large_window_is_in_it_once(
    commit: Commit, new_writer: Callable[[], Writer]
) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    late, passed = thing_in_shard(0), thing_in_shard(0)
    open_writer = new_writer().begin().append(changed(late))
    commit(changed(passed))
    drain(subscription.step)
    things = sorted(thing_in_shard(0) for _ in range(4))
    commit(*(changed(thing) for thing in things))
    open_writer.commit()

    drain(subscription.step)

    assert handle.seen == [(passed, 1), (late, 1), *((thing, 1) for thing in things)]


def test_a_window_of_exactly_one_batch_needs_no_pages(commit: Commit) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    commit(*(changed(thing_in_shard(0)) for _ in range(2)))

    subscription.step()

    assert [len(batch) for batch in handle.batches] == [2]
    assert checkpoint().window is None


def test_a_crash_in_the_middle_of_a_window_goes_on_at_the_page_that_crashed(commit: Commit) -> None:
    things = sorted(thing_in_shard(0) for _ in range(5))
    commit(*(changed(thing) for thing in things))
    before, after = Recorder(), Recorder()
    subscribe(before).step()

    def crash(events: Sequence[Recorded]) -> None:
        raise Crash

    with pytest.raises(Crash):
        subscribe(crash).step()
    drain(subscribe(after).step)

    assert before.seen + after.seen == [(thing, 1) for thing in things]


def test_what_commits_between_the_snapshot_and_the_reading_comes_once(
    commit: Commit, new_writer: Callable[[], Writer]
) -> None:
    handle = Recorder()
    subscription = subscribe(handle)
    first, late = thing_in_shard(0), thing_in_shard(0)
    commit(changed(first))
    writer = new_writer().begin().append(changed(late))

    with connection.execute_wrapper(_Before("event.data::text", writer.commit)):
        subscription.step()
    seen_in_the_window = list(handle.seen)
    drain(subscription.step)

    assert seen_in_the_window == [(first, 1)]
    assert handle.seen == [(first, 1), (late, 1)]


def test_the_checkpoint_and_its_snapshot_are_read_by_a_statement_after_the_lock(commit: Commit) -> None:
    # A statement sees what was committed when it began: one that locks and reads could read what another has moved on.
    subscription = subscribe(Recorder())
    drain(subscription.step)
    commit(changed(thing_in_shard(0)))

    with CaptureQueriesContext(connection) as captured:
        subscription.step()

    begin, lock, read, window, *_ = [query["sql"] for query in captured]
    assert begin == "BEGIN"
    assert "pg_try_advisory_xact_lock" in lock
    assert "cqrs_checkpoint" not in lock
    assert "cqrs_checkpoint" in read
    assert "pg_current_snapshot" in read
    assert "event.data::text" in window


class _Before:
    """Does something once, before the first statement that contains a text."""

    def __init__(self, text: str, action: Callable[[], None]) -> None:
        self._text = text
        self._action: Callable[[], None] | None = action

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if self._action is not None and self._text in sql:
            action, self._action = self._action, None
            action()
        return execute(sql, params, many, context)
