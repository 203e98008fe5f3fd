"""Stopping the whole stack: nginx, replicas and workers first, the stores last."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from infra.stack.layout import Layout
from infra.stack.lock import exclusive
from infra.stack.supervisor import supervisors

# Another command that stops the same stack may first have to finish.
_PATIENCE_SECONDS = 300
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def down(layout: Layout) -> bool:
    """Stop the stack and return whether there was anything to stop."""
    if not layout.run.exists():
        return False
    with exclusive(layout, wait_seconds=_PATIENCE_SECONDS):
        return stop_everything(layout)


def stop_everything(layout: Layout) -> bool:
    """Stop what runs, for a caller who holds the lock; return whether anything did."""
    runners = supervisors(layout)
    was_running = any(runner.is_running() for runner in runners)
    with _uninterrupted():
        for runner in runners:
            runner.stop()
    return was_running


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A second Ctrl-C must not leave half of the stack behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _INTERRUPTIONS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
