"""Waiting in a test for what another thread or process does: asking again until a deadline, never sleeping it out."""

from collections.abc import Callable

from cqrs.testing import waiting


def wait_until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Return as soon as `condition` holds. Raises AssertionError with `what` when that takes longer."""
    waiting.wait_until(condition, what, seconds=seconds)
