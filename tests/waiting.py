"""Waiting in a test for what another thread or process does: asking again until a deadline, never sleeping it out."""

import time
from collections.abc import Callable

PAUSE = 0.01


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Return as soon as `condition` holds. Raises AssertionError with `what` when that takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not so: {what}"
        time.sleep(PAUSE)
