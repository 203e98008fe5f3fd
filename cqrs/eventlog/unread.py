"""What a subscription has still to read."""

from typing import Any

from django.db import connection

from cqrs.eventlog import checkpoint as checkpoints

# What is done is what was visible at the checkpoint, and of a window in progress what lies up to where its pages got.
UNREAD = """
from cqrs_checkpoint shard_read
join cqrs_event event
  on event.bucket between shard_read.first_bucket and shard_read.last_bucket
 and ((event.xid >= pg_snapshot_xmax(shard_read.read_snapshot) and event.xid < pg_snapshot_xmax(%(upto)s::pg_snapshot))
      or event.xid = any (array(select pg_snapshot_xip(shard_read.read_snapshot))))
where shard_read.subscription = %(subscription)s
  and event.aggregate_type = %(aggregate_type)s and event.version is not null
  and pg_visible_in_snapshot(event.xid, %(upto)s::pg_snapshot)
  and not pg_visible_in_snapshot(event.xid, shard_read.read_snapshot)
  and (shard_read.window_snapshot is null or event.id > shard_read.window_after
       or not pg_visible_in_snapshot(event.xid, shard_read.window_snapshot))
"""

COUNT = f"select count(*) {UNREAD}"
EXISTS = f"select exists (select {UNREAD})"


def count_unread(subscription: str, *, aggregate_type: str, upto: str) -> int:
    """Return how many events visible in the snapshot `upto` are neither handled nor parked.

    Raises UnknownSubscription, ForeignCheckpoint.
    """
    return int(_ask(COUNT, subscription, aggregate_type, upto))


def has_passed(subscription: str, *, aggregate_type: str, upto: str) -> bool:
    """Say whether every event visible in the snapshot `upto` is handled or parked.

    Raises UnknownSubscription, ForeignCheckpoint.
    """
    return not _ask(EXISTS, subscription, aggregate_type, upto)


def require_readable(subscription: str) -> None:
    """Raise UnknownSubscription or ForeignCheckpoint where the subscription cannot go on reading."""
    cluster = checkpoints.system_identifier()
    for shard in checkpoints.shards_of(subscription):
        checkpoints.read(subscription, shard, cluster=cluster)


def _ask(statement: str, subscription: str, aggregate_type: str, upto: str) -> Any:
    require_readable(subscription)
    scope = {"subscription": subscription, "aggregate_type": aggregate_type, "upto": upto}
    with connection.cursor() as cursor:
        cursor.execute(statement, scope)
        return cursor.fetchone()[0]
