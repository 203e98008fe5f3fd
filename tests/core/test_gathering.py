"""Group commit under load: after a group with company the next one is given a moment to gather."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from cqrs import group_commit
from cqrs.group_commit import GATHER_SECONDS, GroupCommit
from cqrs.testing.waiting import wait_until
from tests.core.gathered import SECONDS, Handler, gathered


@contextmanager
def pausing(monkeypatch: pytest.MonkeyPatch, pause: Callable[[float], None]) -> Iterator[None]:
    """Run `pause` wherever a leader gives the others time to gather."""
    with monkeypatch.context() as patched:
        patched.setattr(group_commit, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
        yield


def test_after_a_group_with_company_the_next_one_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = Handler()
    commit = GroupCommit[int, int](handler)
    with gathered(handler, [1, 2], commit):
        pass

    def gather(_: float) -> None:
        wait_until(lambda: len(commit._waiting) == 2, "somebody has joined the leader")

    with pausing(monkeypatch, gather), ThreadPoolExecutor(2) as pool:
        results = [future.result(SECONDS) for future in [pool.submit(commit.submit, item) for item in (3, 4)]]

    assert results == [6, 8]
    assert [sorted(group) for group in handler.groups] == [[0], [1, 2], [3, 4]]


def test_whoever_stays_alone_after_all_has_waited_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, pauses = Handler(), list[float]()
    commit = GroupCommit[int, int](handler)
    with gathered(handler, [1, 2], commit):
        pass

    with pausing(monkeypatch, pauses.append):
        results = [commit.submit(item) for item in (3, 4, 5)]

    assert results == [6, 8, 10]
    assert pauses == [GATHER_SECONDS]
