"""Groups for the tests of group commit: what is submitted while the first one is being handled."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any

from cqrs.group_commit import GroupCommit
from cqrs.testing.waiting import wait_until

SECONDS = 60


class Handler:
    """Doubles numbers; the first group is held until `go_on` is set, so that others gather meanwhile."""

    def __init__(self, fail: Callable[[Sequence[int]], None] = lambda _: None) -> None:
        self.groups: list[list[int]] = []
        self.fail = fail
        self.entered = Event()
        self.go_on = Event()
        self._at_work = Lock()

    def __call__(self, items: Sequence[int]) -> list[int]:
        assert self._at_work.acquire(blocking=False), "two groups at once"
        try:
            self.groups.append(list(items))
            self.entered.set()
            assert self.go_on.wait(SECONDS)
            self.fail(items)
            return [item * 2 for item in items]
        finally:
            self._at_work.release()


@contextmanager
def gathered(
    handler: Handler, others: Sequence[int], commit: GroupCommit[int, int] | None = None, **options: int
) -> Any:
    """Submit 0, and while it is being handled submit the others; yield the futures of all, by item."""
    commit = commit or GroupCommit[int, int](handler, **{"patience": SECONDS, **options})
    with ThreadPoolExecutor(len(others) + 1) as pool:
        futures: dict[int, Future[int]] = {0: pool.submit(commit.submit, 0)}
        assert handler.entered.wait(SECONDS)
        for item in others:
            futures[item] = pool.submit(commit.submit, item)
        wait_until(lambda: len(commit._waiting) == len(others), "all others have gathered")
        handler.go_on.set()
        yield futures


def outcome(future: Future[int]) -> int | type[BaseException]:
    error = future.exception(SECONDS)
    return type(error) if error else future.result()
