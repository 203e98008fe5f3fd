"""Group commit under load: after a group with company the next one is given a moment to gather."""

from concurrent.futures import ThreadPoolExecutor

from cqrs.group_commit import GroupCommit
from tests.core.gathered import SECONDS, Handler, gathered

MOMENT, FOR_EVER = 0.01, 3600.0


def test_after_a_group_with_company_the_next_one_waits_for_as_many_and_no_longer() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, gather=FOR_EVER)
    with gathered(handler, [1, 2], commit):
        pass

    with ThreadPoolExecutor(2) as pool:
        results = [future.result(SECONDS) for future in [pool.submit(commit.submit, item) for item in (3, 4)]]

    assert results == [6, 8]
    assert [sorted(group) for group in handler.groups] == [[0], [1, 2], [3, 4]]


def test_whoever_stays_alone_after_all_goes_after_a_moment() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, gather=MOMENT)
    with gathered(handler, [1, 2, 3], commit):
        pass

    result = commit.submit(4)

    assert result == 8
    assert handler.groups[-1] == [4]


def test_whoever_was_alone_waits_for_nobody_from_then_on() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, gather=MOMENT)
    with gathered(handler, [1, 2, 3], commit):
        pass
    commit.submit(4)
    commit._gather = FOR_EVER

    with ThreadPoolExecutor(1) as pool:
        results = [pool.submit(commit.submit, item).result(SECONDS) for item in (5, 6)]

    assert results == [10, 12]


def test_a_group_that_is_complete_before_its_turn_goes_at_once() -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler, gather=FOR_EVER, limit=2)

    with gathered(handler, [1, 2, 3, 4], commit) as futures:
        results = [futures[item].result(SECONDS) for item in (1, 2, 3, 4)]

    assert results == [2, 4, 6, 8]
    assert [len(group) for group in handler.groups] == [1, 2, 2]
