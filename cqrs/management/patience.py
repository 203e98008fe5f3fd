"""Waiting out a store that is away for a moment, in a command whose work would otherwise begin anew."""

import time
from collections.abc import Callable
from typing import TypeVar

from cqrs.errors import Unavailable
from cqrs.eventlog.database import translated
from cqrs.retry import RetryPolicy

T = TypeVar("T")

ABOUT_A_MINUTE = RetryPolicy(max_attempts=12, base=0.2, cap=10.0)


def patiently(work: Callable[[], T], *, recover: Callable[[], None], policy: RetryPolicy = ABOUT_A_MINUTE) -> T:
    """Return what `work` returns, tried again after `recover` as long as a store is unavailable and the policy lasts.

    Raises Unavailable after that, and whatever else the two raise.
    """
    failures = 0
    while True:
        try:
            with translated():
                if failures:
                    recover()
                return work()
        except Unavailable:
            failures += 1
            if policy.exhausted(failures):
                raise
            time.sleep(policy.delay(failures))
