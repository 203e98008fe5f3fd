"""One command at a time may start, stop or empty a stack."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.stack.errors import AlreadyRunning
from infra.stack.layout import Layout

_PAUSE_SECONDS = 0.1


@contextmanager
def exclusive(layout: Layout, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the data folder's lock; it ends with the process, however that ends.

    Raises AlreadyRunning when another command still holds it after `wait_seconds`.
    """
    descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, layout, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def is_held(layout: Layout) -> bool:
    """Whether a command is at work on this stack right now."""
    try:
        with exclusive(layout):
            return False
    except AlreadyRunning:
        return True


def _lock(descriptor: int, layout: Layout, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise AlreadyRunning(f"another command is starting or stopping the stack in {layout.root}") from None
        time.sleep(_PAUSE_SECONDS)
