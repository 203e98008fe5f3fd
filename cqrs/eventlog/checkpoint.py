"""How far a subscription has read: one row a shard, written in the transaction of the work that it stands for."""

import msgspec
from django.db import connection, transaction

from cqrs.errors import ForeignCheckpoint, UnknownSubscription
from cqrs.eventlog import ownership
from cqrs.eventlog.buckets import shard_ranges

BEFORE_EVERYTHING = "1:1:"
DEFAULT_SHARDS = 4

SYSTEM_IDENTIFIER = "select system_identifier::text from pg_control_system()"

CREATE = """
insert into cqrs_checkpoint (subscription, shard, first_bucket, last_bucket, system_identifier, read_snapshot)
select %s, shard, first_bucket, last_bucket, %s, %s::pg_snapshot
from unnest(%s::smallint[], %s::smallint[], %s::smallint[]) as new(shard, first_bucket, last_bucket)
where not exists (select from cqrs_checkpoint where subscription = %s)
"""

SHARDS = "select shard from cqrs_checkpoint where subscription = %s order by shard"

# The snapshot is this statement's own, so what it calls visible is what the checkpoint beside it was read in.
READ = """
select first_bucket, last_bucket, system_identifier, read_snapshot::text, window_snapshot::text, window_after,
       window_last, pg_current_snapshot()::text,
       pg_snapshot_xmax(coalesce(window_snapshot, read_snapshot)) > pg_snapshot_xmax(pg_current_snapshot()),
       (select count(*) from cqrs_checkpoint sibling where sibling.subscription = shard_read.subscription),
       exists (select from cqrs_dead_letter letter where letter.subscription = shard_read.subscription),
       coalesce(paused_until > clock_timestamp(), false)
from cqrs_checkpoint shard_read where subscription = %s and shard = %s
"""

WRITE = """
update cqrs_checkpoint
set read_snapshot = %s::pg_snapshot, window_snapshot = %s::pg_snapshot, window_after = %s, window_last = %s,
    updated_at = clock_timestamp()
where subscription = %s and shard = %s
"""

NAMES = "select distinct subscription from cqrs_checkpoint where starts_with(subscription, %s) order by subscription"

DELETE = "delete from cqrs_checkpoint where subscription = %s"
DELETE_DEAD_LETTERS = "delete from cqrs_dead_letter where subscription = %s"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The stretch between two snapshots that is being read in pages: up to `after` is done, `last` ends it."""

    snapshot: str
    after: int
    last: int


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one shard: all that is visible in `read` is handled, `window` is in progress.

    `visible` is the snapshot in which this was read, where the next window may end. `shards` is how many the
    subscription has now; `has_dead_letters` says that some of its events are parked, `paused` that nobody is to begin a
    batch now (see `cqrs.eventlog.standstill`).
    """

    subscription: str
    shard: int
    first_bucket: int
    last_bucket: int
    read: str
    window: Window | None
    visible: str
    shards: int
    has_dead_letters: bool
    paused: bool = False


def system_identifier() -> str:
    """Return what tells this PostgreSQL cluster from every other."""
    with connection.cursor() as cursor:
        cursor.execute(SYSTEM_IDENTIFIER)
        return str(cursor.fetchone()[0])


def ensure(subscription: str, *, shards: int = DEFAULT_SHARDS, read: str = BEFORE_EVERYTHING) -> None:
    """Create the checkpoints of a subscription where it has none; they begin before the first event.

    Where several workers do so at once, and even plan different numbers of shards, one of them decides for all.
    """
    ranges = shard_ranges(shards)
    firsts, lasts = [first for first, _ in ranges], [last for _, last in ranges]
    numbers = list(range(shards))
    with transaction.atomic(), connection.cursor() as cursor:
        ownership.own(subscription, ownership.CREATION)
        cursor.execute(CREATE, [subscription, system_identifier(), read, numbers, firsts, lasts, subscription])


def shards_of(subscription: str) -> list[int]:
    """Return the numbers of the shards. Raises UnknownSubscription where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(SHARDS, [subscription])
        shards = [row[0] for row in cursor.fetchall()]
    if not shards:
        raise UnknownSubscription(subscription)
    return shards


def read(subscription: str, shard: int, *, cluster: str) -> Checkpoint | None:
    """Return the checkpoint of a shard, None where resharding has removed it.

    Read it in a statement that begins after the shard is owned, in a transaction without an id of its own.

    Raises ForeignCheckpoint where it was not written on `cluster` or lies in the future.
    """
    with connection.cursor() as cursor:
        cursor.execute(READ, [subscription, shard])
        row = cursor.fetchone()
    if row is None:
        return None
    first, last, written_on, read_snapshot, window_snapshot, after, window_last, visible, from_future, *counted = row
    if written_on != cluster:
        raise ForeignCheckpoint(subscription, "was read on another PostgreSQL cluster")
    if from_future:
        raise ForeignCheckpoint(subscription, "has read further than this database has got")
    window = Window(snapshot=window_snapshot, after=after, last=window_last) if window_snapshot else None
    return Checkpoint(
        subscription=subscription,
        shard=shard,
        first_bucket=first,
        last_bucket=last,
        read=read_snapshot,
        window=window,
        visible=visible,
        shards=counted[0],
        has_dead_letters=counted[1],
        paused=counted[2],
    )


def write(checkpoint: Checkpoint) -> None:
    """Store how far the shard has got, within the caller's transaction."""
    window = checkpoint.window
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            [
                checkpoint.read,
                window.snapshot if window else None,
                window.after if window else None,
                window.last if window else None,
                checkpoint.subscription,
                checkpoint.shard,
            ],
        )


def names(prefix: str) -> list[str]:
    """Return the subscriptions whose names begin like this, in order."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [prefix])
        return [row[0] for row in cursor.fetchall()]


def forget(subscription: str) -> None:
    """Remove a subscription with its dead letters, for one that was only meant to run once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DELETE_DEAD_LETTERS, [subscription])
        cursor.execute(DELETE, [subscription])
