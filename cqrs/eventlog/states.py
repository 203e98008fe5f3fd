"""The log seen from its aggregates: the newest state of each, its older states, and which of them are confirmed."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from cqrs.eventlog.window import COLUMNS, recorded
from cqrs.messages import Recorded

IS_STATE = "event.aggregate_type = %(aggregate_type)s and event.version is not null"
IN_RANGE = """
(%(after)s::uuid is null or event.aggregate_id > %(after)s)
  and (%(until)s::uuid is null or event.aggregate_id <= %(until)s)
"""

NEWEST_STATES = f"""
select distinct on (event.aggregate_id) {COLUMNS} from cqrs_event event
where {IS_STATE} and (%(after)s::uuid is null or event.aggregate_id > %(after)s)
order by event.aggregate_id, event.version desc limit %(limit)s
"""  # noqa: S608 - only this module's own text

STATES_OF = f"""
select {COLUMNS}, pg_visible_in_snapshot(event.xid, %(snapshot)s::pg_snapshot) from cqrs_event event
where {IS_STATE} and event.aggregate_id = any (%(aggregate_ids)s)
order by event.aggregate_id, event.version
"""  # noqa: S608

UNCONFIRMED = f"""
select {COLUMNS} from cqrs_event event
where {IS_STATE} and {IN_RANGE} and pg_visible_in_snapshot(event.xid, %(snapshot)s::pg_snapshot)
  and not exists (select from cqrs_event confirmation
                  where confirmation.aggregate_id = event.aggregate_id and confirmation.confirms = event.version)
order by event.id
"""  # noqa: S608


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Aggregate ids beyond `after` and up to `until`; None is no bound."""

    after: UUID | None
    until: UUID | None


class History(msgspec.Struct, kw_only=True):
    """All states of one aggregate, oldest first. `settled` is the newest one visible in the snapshot asked for."""

    states: list[Recorded] = []
    settled: Recorded | None = None


def newest_states(aggregate_type: str, *, after: UUID | None, limit: int) -> list[Recorded]:
    """Return the newest state event of the next aggregates, in order of their ids."""
    rows = _fetch(NEWEST_STATES, {"aggregate_type": aggregate_type, "after": after, "limit": limit})
    return [recorded(row) for row in rows]


def histories(aggregate_type: str, aggregate_ids: Iterable[UUID], *, snapshot: str) -> dict[UUID, History]:
    """Return the states of these aggregates; those of which the log knows nothing are left out."""
    scope = {"aggregate_type": aggregate_type, "aggregate_ids": list(aggregate_ids), "snapshot": snapshot}
    known: dict[UUID, History] = {}
    for *row, visible in _fetch(STATES_OF, scope):
        state = recorded(tuple(row))
        history = known.setdefault(state.aggregate_id, History())
        history.states.append(state)
        if visible:
            history.settled = state
    return known


def unconfirmed_states(aggregate_type: str, ids: Range, *, snapshot: str) -> list[Recorded]:
    """Return the state events visible in the snapshot whose version nobody has confirmed, in order."""
    scope = {"aggregate_type": aggregate_type, "after": ids.after, "until": ids.until, "snapshot": snapshot}
    return [recorded(row) for row in _fetch(UNCONFIRMED, scope)]


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
