"""The versions of an aggregate have no gaps, nobody takes one twice, and positions grow with them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import IntegrityError, transaction
from django.db.transaction import TransactionManagementError

from cqrs.errors import ConcurrentAppend
from cqrs.eventlog.append import append, append_confirmations
from cqrs.testing.waiting import wait_until
from tests.eventlog.things import changed
from tests.eventlog.writers import Writer, is_blocked
from tests.threads import in_threads

Commit = Callable[..., None]
NewWriter = Callable[[], Writer]
Ask = Callable[..., list[tuple[Any, ...]]]


def confirm(*events: Any) -> int:
    with transaction.atomic():
        return append_confirmations(events)


def versions_by_position(ask: Ask, thing: UUID) -> list[int]:
    rows = ask("select version from cqrs_event where aggregate_id = %s and version is not null order by id", [thing])
    return [version for (version,) in rows]


@pytest.mark.parametrize("version", [1, 3, 4])
def test_a_version_that_does_not_follow_the_newest_is_refused(commit: Commit, ask: Ask, version: int) -> None:
    thing = uuid4()
    commit(changed(thing, 1))

    with pytest.raises(ConcurrentAppend) as refusal:
        commit(changed(thing, version))

    assert refusal.value.aggregate_ids == (thing,)
    assert versions_by_position(ask, thing) == [1]


def test_a_history_begins_with_version_one(commit: Commit, ask: Ask) -> None:
    thing = uuid4()

    with pytest.raises(ConcurrentAppend):
        commit(changed(thing, 2))

    assert versions_by_position(ask, thing) == []


def test_one_refused_event_refuses_the_batch(commit: Commit, ask: Ask) -> None:
    good, bad = uuid4(), uuid4()

    with pytest.raises(ConcurrentAppend):
        commit(changed(good, 1), changed(bad, 2))

    assert ask("select * from cqrs_event") == []


def test_of_two_that_append_at_once_the_second_waits_and_is_refused(new_writer: NewWriter, commit: Commit) -> None:
    thing = uuid4()
    commit(changed(thing, 1))
    first, second = new_writer().begin(), new_writer().begin()
    first.append(changed(thing, 2))

    appending = second.start_appending(changed(thing, 2))
    wait_until(lambda: is_blocked(second.pid), "the second waits for the first")
    first.commit()

    with pytest.raises(ConcurrentAppend):
        appending.result(60)


def test_where_the_first_rolls_back_the_second_takes_the_version(
    new_writer: NewWriter, commit: Commit, ask: Ask
) -> None:
    thing = uuid4()
    commit(changed(thing, 1))
    first, second = new_writer().begin(), new_writer().begin()
    first.append(changed(thing, 2))

    appending = second.start_appending(changed(thing, 2))
    wait_until(lambda: is_blocked(second.pid), "the second waits for the first")
    first.rollback()
    appending.result(60)
    second.commit()

    assert versions_by_position(ask, thing) == [1, 2]


def test_a_version_cannot_follow_one_that_is_not_committed(new_writer: NewWriter) -> None:
    # Its position could then be smaller than its predecessor's becomes visible.
    thing = uuid4()
    first, second = new_writer().begin(), new_writer().begin()
    first.append(changed(thing, 1))

    with pytest.raises(ConcurrentAppend):
        second.append(changed(thing, 2))


def test_positions_grow_with_versions_however_many_append_at_once(commit: Commit, ask: Ask) -> None:
    things = [uuid4() for _ in range(3)]
    commit(*(changed(thing, 1) for thing in things))

    def append_ten() -> None:
        for number in range(10):
            append_next(ask, things[number % len(things)])

    in_threads([append_ten] * 4)

    for thing in things:
        versions = versions_by_position(ask, thing)
        assert versions == list(range(1, len(versions) + 1))
    assert ask("select count(*) from cqrs_event") == [(43,)]


def append_next(ask: Ask, thing: UUID) -> None:
    while True:
        ((newest,),) = ask("select max(version) from cqrs_event where aggregate_id = %s", [thing])
        try:
            with transaction.atomic():
                append([changed(thing, newest + 1)])
        except ConcurrentAppend:
            continue
        return


def test_batches_in_different_orders_do_not_deadlock(new_writer: NewWriter) -> None:
    low, middle, high = sorted(uuid4() for _ in range(3))
    one, other, holder = (new_writer().begin() for _ in range(3))
    holder.append(changed(middle))

    first = one.start_appending(changed(low), changed(middle), changed(high))
    wait_until(lambda: is_blocked(one.pid), "the first batch waits in its middle")
    second = other.start_appending(changed(high), changed(middle), changed(low))
    wait_until(lambda: is_blocked(other.pid), "the second batch waits")
    holder.rollback()
    first.result(60)
    one.commit()

    with pytest.raises(ConcurrentAppend):
        second.result(60)


def test_what_is_wrong_with_an_event_itself_is_no_concurrent_append(commit: Commit) -> None:
    nameless = msgspec.structs.replace(changed(uuid4()), stage=None)

    with pytest.raises(IntegrityError, match="stage"):
        commit(nameless)


def test_a_confirmation_takes_no_version_and_counts_once(commit: Commit, ask: Ask) -> None:
    thing = uuid4()
    commit(changed(thing, 1))

    new = [confirm(changed(thing, 1)), confirm(changed(thing, 1)), confirm(changed(thing, 1), changed(thing, 1))]
    commit(changed(thing, 2))

    assert new == [1, 0, 0]
    rows = ask("select version, confirms from cqrs_event where aggregate_id = %s order by id", [thing])
    assert rows == [(1, None), (None, 1), (2, None)]


def test_confirmations_at_once_are_one(commit: Commit, ask: Ask) -> None:
    things = [uuid4() for _ in range(20)]
    commit(*(changed(thing) for thing in things))
    events = [changed(thing) for thing in things]

    new = in_threads([lambda: confirm(*events), lambda: confirm(*reversed(events)), lambda: confirm(*events)])

    assert sum(new) == 20
    assert ask("select count(*) from cqrs_event where confirms is not null") == [(20,)]


def test_nothing_is_appended_outside_a_transaction() -> None:
    with pytest.raises(TransactionManagementError):
        append([changed(uuid4())])
    with pytest.raises(TransactionManagementError):
        append_confirmations([changed(uuid4())])


def test_appending_nothing_needs_nothing() -> None:
    append([])

    assert append_confirmations([]) == 0
