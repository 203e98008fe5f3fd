"""Group commit: whoever is in flight shares a group, everybody gets his own result, and nobody is left waiting."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from cqrs.errors import Unavailable
from cqrs.group_commit import PROCESS, GroupCommit, WrongNumberOfResults
from cqrs.testing.waiting import wait_until
from tests.core.gathered import SECONDS, Handler, gathered, outcome


def test_what_gathers_during_one_group_is_the_next() -> None:
    handler = Handler()

    with gathered(handler, range(1, 20)) as futures:
        results = {item: outcome(future) for item, future in futures.items()}

    assert results == {item: item * 2 for item in range(20)}
    assert [len(group) for group in handler.groups] == [1, 19]


def test_a_group_has_a_limit_and_nobody_beyond_it_is_forgotten() -> None:
    handler = Handler()

    with gathered(handler, range(1, 25), limit=10) as futures:
        results = {item: outcome(future) for item, future in futures.items()}

    assert results == {item: item * 2 for item in range(25)}
    assert [len(group) for group in handler.groups] == [1, 10, 10, 4]


def test_alone_nobody_waits_for_company() -> None:
    handler = Handler()
    handler.go_on.set()
    commit = GroupCommit[int, int](handler)

    assert [commit.submit(item) for item in (1, 2, 3)] == [2, 4, 6]
    assert handler.groups == [[1], [2], [3]]


def test_many_threads_for_long_lose_nothing() -> None:
    handler = Handler()
    handler.go_on.set()
    commit = GroupCommit[int, int](handler, limit=7)

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(commit.submit, range(5000), timeout=60))

    assert results == [item * 2 for item in range(5000)]
    assert sorted(item for group in handler.groups for item in group) == list(range(5000))


def test_a_failing_member_fails_alone() -> None:
    def refuse_thirteen(items: Sequence[int]) -> None:
        if 13 in items:
            raise ValueError(13)

    handler = Handler(refuse_thirteen)

    with gathered(handler, range(1, 20)) as futures:
        results = {item: outcome(future) for item, future in futures.items()}

    assert results == {item: ValueError if item == 13 else item * 2 for item in range(20)}


def test_a_failing_item_alone_is_tried_once() -> None:
    def refuse(_: Sequence[int]) -> None:
        raise ValueError

    handler = Handler(refuse)
    handler.go_on.set()

    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        GroupCommit[int, int](handler).submit(1)

    assert handler.groups == [[1]]


def test_unavailability_goes_to_the_whole_group_at_once_to_each_an_error_of_his_own() -> None:
    def be_away(items: Sequence[int]) -> None:
        if len(items) > 1:
            raise Unavailable("postgresql", retry_after=3.0)

    handler = Handler(be_away)

    with gathered(handler, range(1, 6)) as futures:
        errors = [futures[item].exception(SECONDS) for item in range(1, 6)]

    assert len(handler.groups) == 2
    assert [(error.store, error.retry_after) for error in errors] == [("postgresql", 3.0)] * 5
    assert len({id(error) for error in errors}) == 5


def test_unavailability_while_one_by_one_ends_the_trying() -> None:
    def refuse_then_be_away(items: Sequence[int]) -> None:
        if len(items) > 1:
            raise ValueError
        if items[0] in {3, 4, 5}:
            raise Unavailable("postgresql")

    handler = Handler(refuse_then_be_away)

    with gathered(handler, range(1, 6)) as futures:
        outcomes = [outcome(futures[item]) for item in range(6)]

    assert outcomes.count(Unavailable) >= 3
    assert sum(len(group) == 1 and group[0] in {3, 4, 5} for group in handler.groups) == 1


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("one_by_one", [False, True])
def test_where_the_handling_thread_is_ended_the_others_are_told_and_the_next_go_on(
    end: type[BaseException], one_by_one: bool
) -> None:
    def be_ended(items: Sequence[int]) -> None:
        if one_by_one and len(items) > 1:
            raise ValueError
        if items != [0]:
            raise end

    handler = Handler(be_ended)

    with gathered(handler, range(1, 6)) as futures:
        outcomes = [outcome(futures[item]) for item in range(1, 6)]

    assert outcomes.count(end) == 1
    assert outcomes.count(Unavailable) == 4
    stores = {error.store for future in futures.values() if isinstance(error := future.exception(), Unavailable)}
    assert stores == {PROCESS}


def test_after_an_interrupted_group_the_next_is_handled() -> None:
    interrupted: list[bool] = []

    def interrupt_once(_: Sequence[int]) -> None:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt

    handler = Handler(interrupt_once)
    handler.go_on.set()
    commit = GroupCommit[int, int](handler)

    with pytest.raises(KeyboardInterrupt):
        commit.submit(1)

    assert commit.submit(2) == 4


@pytest.mark.parametrize("results", [[], [1], [1] * 20])
def test_a_wrong_number_of_results_is_everybodys_error_and_runs_nothing_twice(results: list[int]) -> None:
    entered, go_on, groups = Event(), Event(), list[int]()

    def handle(items: Sequence[int]) -> list[int]:
        groups.append(len(items))
        entered.set()
        assert go_on.wait(SECONDS)
        return results if len(items) > 1 else [0]

    commit = GroupCommit[int, int](handle)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(commit.submit, 0)
        assert entered.wait(SECONDS)
        others = [pool.submit(commit.submit, item) for item in range(1, 6)]
        wait_until(lambda: len(commit._waiting) == 5, "all others have gathered")
        go_on.set()
        outcomes = [outcome(future) for future in [first, *others]]

    assert outcomes == [0] + [WrongNumberOfResults] * 5
    assert groups == [1, 5]


def test_who_waits_too_long_for_another_thread_is_told_and_his_item_is_not_handled_later() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, patience=0.1)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(commit.submit, 0)
        assert handler.entered.wait(SECONDS)

        with pytest.raises(Unavailable):
            commit.submit(1)
        handler.go_on.set()

    assert leader.result() == 0
    assert commit.submit(2) == 4
    assert handler.groups == [[0], [2]]


def test_who_comes_while_a_group_is_overdue_is_told_at_once() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, patience=0.05)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(commit.submit, 0)
        assert handler.entered.wait(SECONDS)
        with pytest.raises(Unavailable):
            commit.submit(1)

        began = time.monotonic()
        for item in range(1200):
            with pytest.raises(Unavailable):
                commit.submit(item)
        took = time.monotonic() - began
        handler.go_on.set()

    assert took < 1200 * 0.05, "nobody waited again"
    assert leader.result() == 0
    assert commit.submit(2) == 4


def test_who_gives_up_while_being_handled_disturbs_nobody() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, patience=2.0)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(commit.submit, 0)
        assert handler.entered.wait(SECONDS)
        others = [pool.submit(commit.submit, item) for item in (1, 2)]
        wait_until(lambda: len(commit._waiting) == 2, "both have gathered")
        handler.go_on.set()
        handler.go_on.clear()
        first.result(SECONDS)
        wait_until(lambda: len(handler.groups) == 2, "one of them leads")
        outcomes = {outcome(others[1])}
        handler.go_on.set()
        outcomes.add(outcome(others[0]))

    assert outcomes == {2, Unavailable}
    assert commit.submit(3) == 6
