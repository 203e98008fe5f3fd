"""Reading the log by snapshot window.

Ids from a sequence become visible out of order, so "greater than my last id" loses events, and waiting for the oldest
running transaction stalls behind any idle writer. A window is instead what is visible in a snapshot taken now and was
not visible in the stored one: nothing can fall between two windows, and nobody is waited for. Within a window events
are ordered by id, across windows an aggregate's order holds because a version is only appended once its predecessor is
visible.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection

from cqrs.eventlog.checkpoint import Checkpoint, Window
from cqrs.messages import Recorded

TAKE_SNAPSHOT = "select pg_current_snapshot()::text"

# What was not visible in the old snapshot, in terms of the index: what had not begun then, and what was running then.
UNREAD = """
version is not null
  and ((xid >= pg_snapshot_xmax(%(read)s::pg_snapshot) and xid < pg_snapshot_xmax(%(upto)s::pg_snapshot))
       or xid = any (array(select pg_snapshot_xip(%(read)s::pg_snapshot))))
  and pg_visible_in_snapshot(xid, %(upto)s::pg_snapshot)
"""

WANTED = "bucket between %(first)s and %(last)s and aggregate_type = %(aggregate_type)s"

COLUMNS = """
event.id, event.event_id, event.name, event.stage, event.aggregate_type, event.aggregate_id, event.version,
event.confirms, event.app_id, event.seed, event.causation_id, event.traceparent, event.recorded_at, event.data::text
"""

# The size of the window, and its events where they fit into one batch. Materialised and limited, so that the planner
# looks up the few that are unread one by one and never walks the whole log in search of them. The size is compared as
# a value, not joined: so not a single event of a window that is too large is fetched.
READ_WINDOW = f"""
with unread as materialized (
    select id, {WANTED} as wanted from cqrs_event where {UNREAD}
), size as materialized (
    select count(*) as total, count(*) filter (where wanted) as wanted,
           min(id) filter (where wanted) as first, max(id) filter (where wanted) as last
    from unread
)
select size.total, size.wanted, size.first, size.last, event.*
from size left join (
    select {COLUMNS}
    from (select id from unread where wanted and (select wanted from size) <= %(limit)s limit %(limit)s) few
    join cqrs_event event on event.id = few.id
) event on true
order by event.id
"""  # noqa: S608 - only this module's own text is put in

# No condition here but the id can use an index, so a large window costs one walk over its ids however it is paged.
READ_PAGE = f"""
select {COLUMNS} from cqrs_event event
where id > %(after)s and id <= %(until)s and {WANTED} and version is not null
  and pg_visible_in_snapshot(xid, %(upto)s::pg_snapshot) and not pg_visible_in_snapshot(xid, %(read)s::pg_snapshot)
order by id limit %(limit)s
"""  # noqa: S608

READ_POSITIONS = f"select {COLUMNS} from cqrs_event event where id = any (%s) order by id"  # noqa: S608


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next in a shard, and the checkpoint that holds once it is handled.

    `passed` counts the state events that were skipped because they are meant for other shards or subscriptions.
    """

    events: list[Recorded]
    then: Checkpoint
    passed: int


def next_page(checkpoint: Checkpoint, *, aggregate_type: str, limit: int, upto: str | None = None) -> Page:
    """Read the next events of a shard, at most `limit`, in the caller's transaction.

    They end at what was visible when the checkpoint was read, or at the snapshot `upto`; a window in progress is always
    finished first. The transaction must be READ COMMITTED, have held the shard when it read the checkpoint, and have
    had no id of its own when it took the snapshot.
    """
    if checkpoint.window is not None:
        return _page_of_window(checkpoint, checkpoint.window, aggregate_type, limit, passed=0)
    upto = upto or checkpoint.visible
    rows = _fetch(READ_WINDOW, {**_scope(checkpoint, upto, aggregate_type), "limit": limit})
    total, wanted, first, last = rows[0][:4]
    if wanted > limit:
        window = Window(snapshot=upto, after=first - 1, last=last)
        return _page_of_window(checkpoint, window, aggregate_type, limit, passed=total - wanted)
    events = [recorded(row[4:]) for row in rows] if wanted else []
    return Page(events=events, then=msgspec.structs.replace(checkpoint, read=upto), passed=total - wanted)


def take_snapshot() -> str:
    """Return what is visible now, as a statement of its own."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_SNAPSHOT)
        return str(cursor.fetchone()[0])


def read_positions(positions: Sequence[int]) -> list[Recorded]:
    """Return the events at these positions, in order."""
    with connection.cursor() as cursor:
        cursor.execute(READ_POSITIONS, [list(positions)])
        return [recorded(row) for row in cursor.fetchall()]


def recorded(row: tuple[Any, ...]) -> Recorded:
    """Return the event that a row of `COLUMNS` holds."""
    return Recorded(
        position=row[0],
        event_id=row[1],
        name=row[2],
        stage=row[3],
        aggregate_type=row[4],
        aggregate_id=row[5],
        version=row[6],
        confirms=row[7],
        app_id=row[8],
        seed=row[9],
        causation_id=row[10],
        traceparent=row[11],
        recorded_at=row[12],
        data=row[13],
    )


def _page_of_window(checkpoint: Checkpoint, window: Window, aggregate_type: str, limit: int, *, passed: int) -> Page:
    scope = _scope(checkpoint, window.snapshot, aggregate_type)
    rows = _fetch(READ_PAGE, {**scope, "after": window.after, "until": window.last, "limit": limit})
    events = [recorded(row) for row in rows]
    if len(events) < limit or events[-1].position == window.last:
        then = msgspec.structs.replace(checkpoint, read=window.snapshot, window=None)
    else:
        rest = Window(snapshot=window.snapshot, after=events[-1].position, last=window.last)
        then = msgspec.structs.replace(checkpoint, window=rest)
    return Page(events=events, then=then, passed=passed)


def _scope(checkpoint: Checkpoint, upto: str, aggregate_type: str) -> dict[str, Any]:
    return {
        "read": checkpoint.read,
        "upto": upto,
        "first": checkpoint.first_bucket,
        "last": checkpoint.last_bucket,
        "aggregate_type": aggregate_type,
    }


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
