"""Lanes: threads, each with a connection of its own, that work on several shards of a subscription at once.

A batch is mostly waiting, for one store or the other; meanwhile another lane can use the processor.
"""

import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")


class Lanes:
    """`number` threads for calls that are independent of one another. With one, calls run in the caller's thread."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="cqrs-lane") if number > 1 else None

    def each(self, call: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Return the result of `call` for each item, in order, when all have ended; raises the first one's error.

        A call that fails gives its connection back, so that the next one starts with a fresh one.
        """
        if self._threads is None:
            return [_call(call, item) for item in items]
        futures: list[Future[R]] = [
            self._threads.submit(contextvars.copy_context().run, _call, call, item) for item in items
        ]
        wait(futures)
        return [future.result() for future in futures]

    def close(self) -> None:
        """Give every lane's connection back and end the threads; closing twice is no error."""
        threads, self._threads = self._threads, None
        if threads is None:
            return
        # A thread's connection can only be closed by itself: nobody leaves before each has one of these calls.
        meeting = Barrier(self._number)
        for _ in range(self._number):
            threads.submit(_close_connection, meeting)
        threads.shutdown()


def _close_connection(meeting: Barrier) -> None:
    connection.close()
    meeting.wait()


def _call(call: Callable[[T], R], item: T) -> R:
    try:
        return call(item)
    except BaseException:
        if not connection.in_atomic_block:
            connection.close()
        raise
