"""Holding a subscription still, to replace what it writes to or to change its shards."""

from django.db import connection

from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog import ownership

PAUSE = """
update cqrs_checkpoint set paused_until = clock_timestamp() + make_interval(secs => %s) where subscription = %s
"""

STILL_PAUSED = """
select coalesce(bool_and(paused_until > clock_timestamp() + make_interval(secs => %s)), false)
from cqrs_checkpoint where subscription = %s
"""


def own_all(subscription: str) -> list[int]:
    """Take every shard until the transaction ends, waiting for the batches in hand, and return their numbers.

    Raises UnknownSubscription.
    """
    owned: list[int] = []
    # Resharding takes all of them as well, so their numbers may be others once they are ours.
    while (shards := checkpoints.shards_of(subscription)) != owned:
        for shard in shards:
            ownership.own(subscription, shard)
        owned = shards
    return owned


def place(subscription: str, *, shards: int, read: str) -> None:
    """Replace all checkpoints: `shards` shards on this cluster that have handled what is visible in `read`.

    Ends a pause. The caller's transaction holds every shard.
    """
    with connection.cursor() as cursor:
        cursor.execute(checkpoints.DELETE, [subscription])
    checkpoints.ensure(subscription, shards=shards, read=read)


def pause(subscription: str, seconds: float) -> None:
    """Let nobody begin a batch for so long, whoever owns the shards; zero seconds end a pause.

    For the moments in which another store may still carry out what a process that is dead by now has asked of it.
    Only the database's clock is asked. It counts once the caller's transaction has committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(PAUSE, [seconds, subscription])


def paused_for(subscription: str, seconds: float) -> bool:
    """Say whether the pause lasts for at least so long. That there is an answer shows that the session is alive."""
    with connection.cursor() as cursor:
        cursor.execute(STILL_PAUSED, [seconds, subscription])
        return bool(cursor.fetchone()[0])
