"""Bulkheads: a store that hangs can hold only so many of the threads that serve requests, and never all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from time import monotonic
from typing import Final

from cqrs.errors import Unavailable

STANDSTILL_SECONDS: Final = 0.5


class Bulkhead:
    """Places for requests that need `store`.

    Where all are taken, a request waits until half a second has passed since the last one was taken or given back.
    While the store works, that is far longer than it takes; once it hangs, nobody waits any more.
    """

    def __init__(self, store: str, places: int, *, standstill: float = STANDSTILL_SECONDS) -> None:
        self._store = store
        self._places = BoundedSemaphore(places)
        self._standstill = standstill
        self._moved_at = monotonic()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the length of the block. Raises Unavailable where there is none."""
        self._take()
        self._moved_at = monotonic()
        try:
            yield
        finally:
            self._moved_at = monotonic()
            self._places.release()

    def _take(self) -> None:
        if self._places.acquire(blocking=False):
            return
        left = self._moved_at + self._standstill - monotonic()
        if left <= 0 or not self._places.acquire(timeout=left):
            raise Unavailable(self._store)


def places_for(threads: int) -> int:
    """How many requests may need one store at once in a server of so many threads: ten of 24, and at least one.

    So a sixth is free for whoever needs no store, even where two of them hang.
    """
    return max(1, threads * 5 // 12)


def set_threads(threads: int) -> None:
    """Tell how many threads this process serves with; the composition root calls it once, before the first request."""
    global _places  # noqa: PLW0603 - one number a process, as the threads are
    _places = places_for(threads)
    _bulkheads.clear()


def bulkhead_of(store: str) -> Bulkhead:
    """The bulkhead of this process for a store."""
    # `setdefault` lets one win where two threads come first at once.
    return _bulkheads.get(store) or _bulkheads.setdefault(store, Bulkhead(store, _places))


_places = 1
_bulkheads: dict[str, Bulkhead] = {}
