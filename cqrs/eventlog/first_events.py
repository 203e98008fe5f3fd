"""Appending the first events of new aggregates in the very statement that stores the aggregates.

A statement is a transaction by itself: one round trip in place of four, and no moment in which a process can stop with
the locks of new rows in its hands.
"""

from cqrs.eventlog.event_rows import INSERT_STATES

# A first version has no predecessor to be visible; see `append.APPEND_STATES` for those that have.
INSERT_FIRST_EVENTS = f"""
first_events as (
    {INSERT_STATES}
    where version = 1 and aggregate_id in (select id from accepted)
    order by aggregate_id
)
"""  # noqa: S608 - only texts of this package are put in
"""A part of a `with` statement whose part `accepted` has the ids of the aggregates that are stored.

Its parameter is what `event_rows(events, "version")` gives; the events of other aggregates are left out. After it,
`states_appended` is told which events these were.
"""
