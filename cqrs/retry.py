"""When to try again: exponential back-off with a cap and jitter. Pure; the caller keeps the clock."""

import random

import msgspec

LEAST_DELAY = 0.1


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`min(cap, base · 2ⁿ)` seconds ± `jitter`, at least a tenth of a second, `max_attempts` times at the most.

    The jitter keeps several workers that failed together from trying together again.
    """

    max_attempts: int = 5
    base: float = 1.0
    cap: float = 30.0
    jitter: float = 0.2

    def exhausted(self, attempts: int) -> bool:
        """Say whether `attempts` failures of a record are enough to give it up."""
        return attempts >= self.max_attempts

    def delay(self, attempts: int, spread: float | None = None) -> float:
        """Return the seconds to wait after the given number of failures (1 or more).

        `spread` in -1…1 places the delay within the jitter; by default it is drawn at random.
        """
        planned = min(self.cap, self.base * 2.0 ** min(attempts - 1, 32))
        drawn = random.uniform(-1, 1) if spread is None else spread  # noqa: S311 - spreads load, guards nothing
        return max(LEAST_DELAY, planned * (1 + self.jitter * drawn))
