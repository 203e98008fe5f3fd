"""A destination that does not work is left alone for a while, by everybody in the process."""

import threading
import time

from cqrs.retry import RetryPolicy

BACK_OFF = RetryPolicy(max_attempts=0, base=0.2, cap=5.0)


class DestinationPause:
    """After a failure nobody asks until the pause is over; each failure on end makes it longer, a success ends it."""

    def __init__(self, back_off: RetryPolicy = BACK_OFF) -> None:
        self._back_off = back_off
        self._changing = threading.Lock()
        self._failures = 0
        self._until = 0.0

    @property
    def left(self) -> float:
        """The seconds that are left of it; 0 where there is none."""
        return max(0.0, self._until - time.monotonic())

    def failed(self, retry_after: float) -> None:
        """Pause as long as the destination asks for (seconds, 0 where it does not), at least for the back-off."""
        with self._changing:
            now = time.monotonic()
            # Those that failed together are one failure.
            if now >= self._until:
                self._failures += 1
            self._until = max(self._until, now + max(retry_after, self._back_off.delay(self._failures)))

    def worked(self) -> None:
        """End the pause."""
        with self._changing:
            self._failures, self._until = 0, 0.0
