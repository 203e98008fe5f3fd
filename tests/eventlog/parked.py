"""What the tests' subscription has parked, and how its retries are brought about."""

from collections.abc import Callable, Sequence
from typing import Any

from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from cqrs.retry import RetryPolicy
from tests.eventlog.things import THING

LETTERS = "select aggregate_id, state, attempts, error_type, error from cqrs_dead_letter order by position"
CHECKPOINTS = "select * from cqrs_checkpoint order by shard"
MAKE_DUE = "update cqrs_dead_letter set next_attempt_at = clock_timestamp() where state = 'retrying'"
# The first attempt and one retry.
TWICE = RetryPolicy(max_attempts=2, base=30.0)


def subscribe(handle: Callable[[Sequence[Recorded]], None], **options: Any) -> Subscription:
    """The subscription `test` on things."""
    return Subscription("test", aggregate_type=THING, handle=handle, **options)
