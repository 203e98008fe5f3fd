"""Doing all the work there is, in a test, without a worker."""

from collections.abc import Callable


def drain(step: Callable[[], bool], *, most: int = 1000) -> int:
    """Call `step` until it says that there is nothing more; return how often it said that there may be.

    Raises AssertionError where that takes more than `most` calls: a step that always finds more never ends.
    """
    for calls in range(most):
        if not step():
            return calls
    raise AssertionError(f"after {most} steps there is still more")
