"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Asking costs what is waited for its processor: the longer it takes, the seldomer it is asked.
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.05
GROWTH = 1.1


def wait_until(condition: Callable[[], T], what: str, *, seconds: float = 60.0) -> T:
    """Return the first true value of `condition`, asked again and again.

    It is asked at once, then with pauses of 5 ms that grow to 50 ms, a tenth of what was waited so far. Raises
    AssertionError naming `what` where it is still false after `seconds`.
    """
    deadline, pause = time.monotonic() + seconds, FIRST_PAUSE
    while True:
        if value := condition():
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"after {seconds:g} s still not so: {what}")
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
