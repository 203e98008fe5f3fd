"""The retry policy: exponential, capped, jittered, and never below a tenth of a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.retry import LEAST_DELAY, RetryPolicy


def test_the_delay_doubles_up_to_its_cap() -> None:
    policy = RetryPolicy(base=1.0, cap=30.0)

    delays = [policy.delay(attempts, spread=0.0) for attempts in range(1, 8)]

    assert delays == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


@pytest.mark.parametrize(("spread", "delay"), [(-1.0, 3.2), (0.0, 4.0), (1.0, 4.8)])
def test_jitter_spreads_it_on_both_sides(spread: float, delay: float) -> None:
    assert RetryPolicy(jitter=0.2).delay(3, spread=spread) == pytest.approx(delay)


def test_jitter_is_drawn_anew_each_time() -> None:
    policy = RetryPolicy(base=10.0, jitter=0.2)

    delays = {policy.delay(1) for _ in range(20)}

    assert len(delays) > 10
    assert all(8.0 <= delay <= 12.0 for delay in delays)


@given(attempts=st.integers(1, 10**9), base=st.floats(0.0, 1e6), cap=st.floats(0.2, 1e6), jitter=st.floats(0.0, 1.0))
def test_it_stays_within_its_limits_however_often_it_failed(
    attempts: int, base: float, cap: float, jitter: float
) -> None:
    delay = RetryPolicy(base=base, cap=cap, jitter=jitter).delay(attempts)

    assert LEAST_DELAY <= delay <= cap * (1 + jitter)


@pytest.mark.parametrize(("attempts", "exhausted"), [(1, False), (4, False), (5, True), (6, True)])
def test_five_failures_are_enough(attempts: int, exhausted: bool) -> None:
    assert RetryPolicy(max_attempts=5).exhausted(attempts) is exhausted
