"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.005


def wait_until(condition: Callable[[], T], what: str, *, seconds: float = 60.0) -> T:
    """Return the first true value of `condition`, asked again and again.

    Raises AssertionError naming `what` where it is still false after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"after {seconds:g} s still not so: {what}")
        time.sleep(POLL_SECONDS)
