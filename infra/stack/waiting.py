"""Waiting for a program to be ready, with a deadline, and no longer than it has a chance to."""

import time
from collections.abc import Callable

from infra.stack.errors import ProgramFailed, StackStopped
from infra.stack.layout import Layout
from infra.stack.log_end import last_lines

_PAUSE_SECONDS = 0.05


def wait_until(ready: Callable[[], bool], *, program: str, layout: Layout, seconds: float) -> None:
    """Return when `ready` is true.

    Raises StackStopped as soon as the watcher has given a program up, and ProgramFailed with the end of the
    program's log after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if layout.failure.exists():
            raise StackStopped(layout.failure.read_text().rstrip())
        if time.monotonic() > deadline:
            log = layout.log_of(program)
            raise ProgramFailed(program, f"was not ready after {seconds:.0f} s", log, last_lines(log))
        time.sleep(_PAUSE_SECONDS)
