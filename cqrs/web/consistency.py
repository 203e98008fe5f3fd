"""Reading one's own write: wait, for a bounded time and in bounded company, until the reading side has caught up."""

from collections.abc import Callable
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import Final, TypeVar

T = TypeVar("T")

MAX_WAIT_MS: Final = 5_000
_FIRST_PAUSE: Final = 0.004
_LONGEST_PAUSE: Final = 0.1
_GROWTH: Final = 1.5


class WaitingRoom:
    """Places for requests that wait. Each holds a thread of the server, so there must be fewer than threads."""

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places)

    def wait_for(self, read: Callable[[], T | None], satisfied: Callable[[T], bool], wait_ms: int) -> T | None:
        """The first value of `read` that is `satisfied`, or None if there is none within `wait_ms` (at most 5 s).

        Reads at once, then with growing pauses of 4 to 100 ms, and one last time at the deadline. Where all places are
        taken it reads only once: better an early None, which the client repeats, than a replica that only waits.
        """
        deadline = monotonic() + min(wait_ms, MAX_WAIT_MS) / 1000
        value = _read(read, satisfied)
        if value is not None or wait_ms <= 0 or not self._places.acquire(blocking=False):
            return value
        try:
            return _poll(read, satisfied, deadline)
        finally:
            self._places.release()


def places_for(threads: int) -> int:
    """How many requests may wait in a server of so many threads (at least 2): a third of them, and at least one."""
    return max(1, threads // 3)


def set_threads(threads: int) -> None:
    """Tell how many threads this process serves with; the composition root calls it once, before the first request."""
    global _room  # noqa: PLW0603 - one a process, as the threads are
    _room = WaitingRoom(places_for(threads))


def wait_for(read: Callable[[], T | None], satisfied: Callable[[T], bool], wait_ms: int) -> T | None:
    """`WaitingRoom.wait_for` in the room of this process."""
    return _room.wait_for(read, satisfied, wait_ms)


_room = WaitingRoom(places=1)


def _poll(read: Callable[[], T | None], satisfied: Callable[[T], bool], deadline: float) -> T | None:
    pause = _FIRST_PAUSE
    while (left := deadline - monotonic()) > 0:
        sleep(min(pause, left))
        if (value := _read(read, satisfied)) is not None:
            return value
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
    return None


def _read(read: Callable[[], T | None], satisfied: Callable[[T], bool]) -> T | None:
    value = read()
    return value if value is not None and satisfied(value) else None
