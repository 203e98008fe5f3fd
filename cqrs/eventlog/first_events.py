"""Appending the first events of new aggregates in the very statement that stores the aggregates.

A statement is a transaction by itself: one round trip in place of four, and no moment in which a process can stop with
the locks of new rows in its hands.
"""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from cqrs.eventlog.event_rows import COLUMNS, NewEvent
from cqrs.eventlog.observation import tell_after_commit
from cqrs.eventlog.wakeup import hint

# A first version has no predecessor to be visible; see `append.APPEND_STATES` for those that have.
INSERT_FIRST_EVENTS = f"""
first_events as (
    insert into cqrs_event (event_id, aggregate_type, aggregate_id, version, stage, name, bucket, app_id, seed,
                            causation_id, traceparent, recorded_at, data)
    select event_id, aggregate_type, aggregate_id, version, stage, name, bucket, app_id, seed,
           causation_id, traceparent, recorded_at, data
    from jsonb_to_recordset(%s::jsonb) as new({COLUMNS})
    where version = 1 and aggregate_id in (select id from accepted)
    order by aggregate_id
)
"""  # noqa: S608 - only the column list of this package is put in
"""A part of a `with` statement whose part `accepted` has the ids of the aggregates that are stored.

Its parameter is what `event_rows(events, "version")` gives; the events of other aggregates are left out.
"""


def first_events_appended(events: Sequence[NewEvent]) -> None:
    """Tell the observers of, and wake the subscriptions for, events that such a statement appended: at its commit."""
    if events:
        tell_after_commit(Counter(event.stage for event in events))
        transaction.on_commit(hint, robust=True)
