"""How an outbox behaves."""

import msgspec

from cqrs.retry import RetryPolicy


class OutboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All times are in seconds.

    `lease` is how long a claim holds without being renewed, and how long a new event is left to the relays. An event
    is parked after `retry.max_attempts` failures of its own. `batch` events are claimed at once, `longest_run` of one
    aggregate. `largest_event` is in bytes of BSON; the default leaves room within the megabyte that NATS takes.
    """

    lease: float = 10.0
    retry: RetryPolicy = RetryPolicy(max_attempts=10, base=1.0, cap=60.0)
    batch: int = 500
    longest_run: int = 100
    largest_event: int = 1_000_000

    def __post_init__(self) -> None:
        least = {"lease": 0.1, "batch": 1, "longest_run": 1, "largest_event": 1}
        mistakes = [f"{name} must be at least {value}" for name, value in least.items() if getattr(self, name) < value]
        if self.retry.max_attempts < 1:
            mistakes.append("retry.max_attempts must be at least 1")
        if mistakes:
            raise ValueError("; ".join(mistakes))
