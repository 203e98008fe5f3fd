"""Running parts of a test in threads, each with a Django connection of its own that is given back at the end."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connections

T = TypeVar("T")

SECONDS = 60


def in_threads(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run all calls at once and return their results in order; the first error is raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(SECONDS) for future in [pool.submit(_run, call) for call in calls]]


@contextmanager
def in_background(call: Callable[[], T]) -> Iterator[Future[T]]:
    """Run a call beside the block; at its end wait for it, and raise what it raised."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_run, call)
        yield future
        future.result(SECONDS)


def _run(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connections.close_all()
