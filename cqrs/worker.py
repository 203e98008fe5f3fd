"""The one run loop of every worker: start, step, wait, back off, drain, stop."""

import logging
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy

logger = logging.getLogger(__name__)

FOR_EVER = RetryPolicy(max_attempts=0, base=0.2, cap=5.0)
# A step that took longer has done enough at once.
LONGEST_REST = 0.05


class Work(Protocol):
    """What a worker does. All three are called from the worker's own thread."""

    def step(self) -> bool:
        """Do a bounded piece of work; say whether there may be more. Raises Unavailable to be called again later."""

    def wait(self, seconds: float) -> None:
        """Return when there may be work again, after `seconds` at the latest."""

    def close(self) -> None:
        """Give back connections."""


class Worker:
    """Runs one piece of work until it is told to stop; a step that has begun is always finished.

    Unavailability is waited out for ever, with back-off. Any other error ends the worker and reaches the caller: the
    process dies visibly and its runner starts a fresh one.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        *,
        poll_seconds: float = 0.5,
        back_off: RetryPolicy = FOR_EVER,
    ) -> None:
        self.name = name
        self._work = work
        self._poll_seconds = poll_seconds
        self._back_off = back_off
        self._stopping = False
        # Not an Event: a signal handler that sets one while its own thread waits for it can deadlock.
        self._stops: SimpleQueue[None] = SimpleQueue()
        self._failures = 0

    def stop(self) -> None:
        """Ask the worker to end after the step in progress. Safe from any thread and from a signal handler."""
        self._stopping = True
        self._stops.put(None)

    def run(self) -> None:
        """Work until `stop` is called."""
        logger.info("worker started", extra={"worker": self.name})
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._work.close()
        logger.info("worker stopped", extra={"worker": self.name})

    def _turn(self) -> None:
        began = time.monotonic()
        try:
            if self._work.step():
                self._pause(rest_after(time.monotonic() - began))
            else:
                self._work.wait(self._poll_seconds)
        except Unavailable as error:
            self._failures += 1
            delay = self._back_off.delay(self._failures)
            logger.warning(
                "store unavailable, backing off",
                extra={"worker": self.name, "store": error.store, "failures": self._failures, "delay_seconds": delay},
            )
            self._pause(delay)
        else:
            self._failures = 0

    def _pause(self, seconds: float) -> None:
        with suppress(Empty):
            self._stops.get(timeout=seconds)


def rest_after(seconds: float) -> float:
    """Return how long to rest after a step of so many seconds before the next one.

    After a short one as long as it took: what gathers meanwhile shares the next step's fixed costs.
    """
    return seconds if seconds < LONGEST_REST else 0.0
