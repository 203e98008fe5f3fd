"""Appending events within the caller's transaction."""

from collections.abc import Sequence

from django.db import IntegrityError, connection, transaction

from cqrs.errors import ConcurrentAppend
from cqrs.eventlog.database import sqlstate
from cqrs.eventlog.event_rows import COLUMNS, INSERT_STATES, NewEvent, event_rows
from cqrs.eventlog.observation import tell_after_commit
from cqrs.eventlog.states_appended import states_appended

UNIQUE_VIOLATION = "23505"

# A version is appended only where its predecessor is already visible, so the ids of one aggregate grow with its
# versions: the sequence is read after the predecessor's transaction has ended. The unique index is the lock on the
# aggregate: who comes second waits in it, and is refused. Sorted, so that two batches cannot deadlock there.
APPEND_STATES = f"""
{INSERT_STATES}
where version = 1
   or exists (select from cqrs_event before
              where before.aggregate_id = new.aggregate_id and before.version = new.version - 1)
order by aggregate_id
"""

APPEND_CONFIRMATIONS = f"""
insert into cqrs_event (event_id, aggregate_type, aggregate_id, confirms, stage, name, bucket, app_id, seed,
                        causation_id, traceparent, recorded_at, data)
select event_id, aggregate_type, aggregate_id, confirms, stage, name, bucket, app_id, seed,
       causation_id, traceparent, recorded_at, data
from jsonb_to_recordset(%s::jsonb) as new({COLUMNS})
order by aggregate_id, confirms
on conflict (aggregate_id, confirms) where confirms is not null do nothing
"""  # noqa: S608


def append(events: Sequence[NewEvent]) -> None:
    """Append state events, each aggregate at most once a call.

    Guarantees that the versions of an aggregate have no gaps and that their positions grow with them. Wakes the
    subscriptions after the commit.
    Raises ConcurrentAppend where a version is taken or does not follow the newest one, TransactionManagementError
    outside a transaction. The transaction is then to be rolled back.
    """
    if not events:
        return
    _require_transaction()
    try:
        with connection.cursor() as cursor:
            cursor.execute(APPEND_STATES, [event_rows(events, "version")])
            appended = cursor.rowcount
    except IntegrityError as error:
        if sqlstate(error) != UNIQUE_VIOLATION:
            raise
        raise ConcurrentAppend(tuple(event.aggregate_id for event in events)) from error
    if appended != len(events):
        raise ConcurrentAppend(tuple(event.aggregate_id for event in events))
    states_appended(events)


def append_confirmations(events: Sequence[NewEvent]) -> int:
    """Append confirmations of versions, all of one stage; those that are confirmed already change nothing.

    Returns how many were new. Raises TransactionManagementError outside a transaction.
    """
    if not events:
        return 0
    _require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(APPEND_CONFIRMATIONS, [event_rows(events, "confirms")])
        appended = int(cursor.rowcount)
    tell_after_commit({events[0].stage: appended})
    return appended


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("events are appended within a transaction")
