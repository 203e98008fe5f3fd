"""How far a subscription is behind, measured at a bounded cost, so that it can be asked for at every scrape."""

from typing import Any

import msgspec
from django.db import connection, transaction

from cqrs.eventlog.database import translated

# A shard that is further behind is not counted to its end: that it is far behind is all that one needs to know.
MOST_EVENTS_A_SHARD = 10_000

# The planner does not know the snapshots, which come from the checkpoints. What is read in the order of an index ends
# at the limit; what is sorted first would be read to its end, and perhaps the whole log with it.
READ_IN_ORDER = "set local enable_sort = off"

WANTED = "version is not null and bucket between first_bucket and last_bucket and aggregate_type = %(aggregate_type)s"

# Three stretches that share no event: the rest of a window in progress, what was running when the last one ended, and
# what began later. Each is filtered before it is limited, or else what others have to read would use up the limit. And
# each is read oldest first, so that the oldest event is found even where the limit cuts.
MEASURE = f"""
with shard_read as (
    select first_bucket, last_bucket, read_snapshot, window_snapshot, window_after, window_last,
           coalesce(window_snapshot, read_snapshot) as upto,
           system_identifier = (select system_identifier::text from pg_control_system())
           and pg_snapshot_xmax(coalesce(window_snapshot, read_snapshot)) <= pg_snapshot_xmax(pg_current_snapshot())
           as is_readable
    from cqrs_checkpoint where subscription = %(subscription)s
)
select (select bool_and(is_readable) from shard_read), count(unread.recorded_at),
       coalesce(extract(epoch from clock_timestamp() - min(unread.recorded_at)), 0)
from shard_read cross join lateral (
    (select recorded_at from cqrs_event
     where id > window_after and id <= window_last and {WANTED}
       and pg_visible_in_snapshot(xid, window_snapshot) and not pg_visible_in_snapshot(xid, read_snapshot)
     order by id limit %(limit)s)
    union all
    (select recorded_at from cqrs_event
     where xid = any (array(select pg_snapshot_xip(upto))) and {WANTED} order by xid limit %(limit)s)
    union all
    (select recorded_at from cqrs_event
     where xid >= pg_snapshot_xmax(upto) and {WANTED} order by xid limit %(limit)s)
) unread
"""  # noqa: S608 - only this module's own text is put in


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are neither handled nor parked, and the age of the oldest of them in seconds; 0 where none is.

    Both are exact while no shard is further behind than `MOST_EVENTS_A_SHARD`. One that is counts as at least that
    many and as at most three times as many, and the age is that of the oldest in the order of the log.
    """

    events: int
    seconds: float


def measure_lag(subscription: str, aggregate_type: str) -> Lag | None:
    """Return how far a subscription is behind; None where that is unknown.

    It is unknown where the subscription has never run, or where its checkpoint does not belong to this database.
    Events are read by index and at most until the limit is found; those of other types and shards that lie between
    them are passed over, as the subscription itself has to. Raises Unavailable, and RuntimeError inside a transaction.
    """
    scope: dict[str, Any] = {
        "subscription": subscription,
        "aggregate_type": aggregate_type,
        "limit": MOST_EVENTS_A_SHARD,
    }
    with translated(), transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(READ_IN_ORDER)
        cursor.execute(MEASURE, scope)
        is_readable, events, seconds = cursor.fetchone()
    return Lag(events=events, seconds=max(0.0, float(seconds))) if is_readable else None
