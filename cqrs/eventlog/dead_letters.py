"""Events that a subscription could not handle: parked with their cause, retried, and in the end left to an operator.

A parked event holds back the later ones of its own aggregate, which wait behind it in order, and nobody else's. Only
who owns a shard changes what is parked of it (an operator owns them all: see `cqrs.eventlog.triage`), so nothing is put
to wait behind an event that is taken out meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from cqrs.eventlog.buckets import bucket_of
from cqrs.messages import Recorded

LONGEST_CAUSE = 2000

HELD = "select distinct aggregate_id from cqrs_dead_letter where subscription = %s and aggregate_id = any (%s)"

PARK = """
insert into cqrs_dead_letter (subscription, position, aggregate_id, bucket, state, attempts, error_type, error,
                              last_attempt_at, next_attempt_at)
select %s, position, aggregate_id, bucket, state, attempts, error_type, error,
       case when attempts > 0 then clock_timestamp() end,
       case when state = 'retrying' then clock_timestamp() + make_interval(secs => delay) end
from jsonb_to_recordset(%s::jsonb) as new(position bigint, aggregate_id uuid, bucket smallint, state text,
                                          attempts integer, error_type text, error text, delay double precision)
on conflict do nothing
"""

DUE = """
select position, aggregate_id, attempts from cqrs_dead_letter
where subscription = %s and state = 'retrying' and bucket between %s and %s and next_attempt_at <= clock_timestamp()
order by next_attempt_at, position limit %s
"""

NEXT_OF_AGGREGATE = """
update cqrs_dead_letter
set state = 'retrying', attempts = 0, error_type = null, error = null, next_attempt_at = clock_timestamp()
where subscription = %(subscription)s
  and position = (select min(position) from cqrs_dead_letter
                  where subscription = %(subscription)s and aggregate_id = %(aggregate_id)s)
  and state = 'waiting'
"""

FAIL = """
update cqrs_dead_letter
set state = %s, attempts = %s, error_type = %s, error = %s, last_attempt_at = clock_timestamp(),
    next_attempt_at = clock_timestamp() + make_interval(secs => %s::double precision)
where subscription = %s and position = %s
"""

REMOVE = "delete from cqrs_dead_letter where subscription = %s and position = %s"

LIST = """
select letter.position, letter.aggregate_id, letter.state, letter.attempts, letter.error_type, letter.error,
       letter.parked_at, letter.last_attempt_at, letter.next_attempt_at, event.name, event.version, event.seed
from cqrs_dead_letter letter join cqrs_event event on event.id = letter.position
where letter.subscription = %(subscription)s
  and (%(aggregate_id)s::uuid is null or letter.aggregate_id = %(aggregate_id)s)
  and (%(state)s::text is null or letter.state = %(state)s)
  and letter.position > %(after)s
order by letter.position limit %(limit)s
"""

COUNT = "select state, count(*) from cqrs_dead_letter where subscription = %s group by state order by state"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A parked event with its cause, as an operator sees it. It holds no payload."""

    position: int
    aggregate_id: UUID
    state: str
    attempts: int
    error_type: str | None
    error: str | None
    parked_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    name: str
    version: int | None
    seed: str | None


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A parked event whose next attempt has come."""

    position: int
    aggregate_id: UUID
    attempts: int


def held_aggregates(subscription: str, aggregate_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the aggregates that have something parked, so that later events must wait behind it."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [subscription, list(aggregate_ids)])
        return {row[0] for row in cursor.fetchall()}


def park_failed(subscription: str, event: Recorded, error: Exception, *, delay: float, final: bool) -> None:
    """Park an event after its first failed attempt; the next one comes in `delay` seconds unless that was `final`."""
    _park(
        subscription,
        [
            {
                **_place(event),
                "state": "dead" if final else "retrying",
                "attempts": 1,
                "error_type": type(error).__name__,
                "error": _cause(error),
                "delay": delay,
            }
        ],
    )


def park_waiting(subscription: str, events: Sequence[Recorded]) -> None:
    """Park events behind an earlier one of their aggregate."""
    if events:
        _park(subscription, [{**_place(event), "state": "waiting", "attempts": 0} for event in events])


def due(subscription: str, first_bucket: int, last_bucket: int, *, limit: int) -> list[Due]:
    """Return the parked events of a shard that should be tried again now."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [subscription, first_bucket, last_bucket, limit])
        return [
            Due(position=position, aggregate_id=aggregate_id, attempts=attempts)
            for position, aggregate_id, attempts in cursor.fetchall()
        ]


def record_failure(
    subscription: str, position: int, error: Exception, *, attempts: int, delay: float, final: bool
) -> None:
    """Note one more failed attempt; `final` leaves the event to an operator."""
    state, next_delay = ("dead", None) if final else ("retrying", delay)
    with connection.cursor() as cursor:
        cursor.execute(FAIL, [state, attempts, type(error).__name__, _cause(error), next_delay, subscription, position])


def remove(subscription: str, letter: Due) -> None:
    """Take an event out, because it was handled; what waits behind it is tried next."""
    with connection.cursor() as cursor:
        cursor.execute(REMOVE, [subscription, letter.position])
        cursor.execute(NEXT_OF_AGGREGATE, {"subscription": subscription, "aggregate_id": letter.aggregate_id})


def listing(
    subscription: str, *, aggregate_id: UUID | None = None, state: str | None = None, after: int = 0, limit: int = 100
) -> list[DeadLetter]:
    """Return parked events in order of their position, a page at a time."""
    scope = {
        "subscription": subscription,
        "aggregate_id": aggregate_id,
        "state": state,
        "after": after,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(LIST, scope)
        return [DeadLetter(**dict(zip(DeadLetter.__struct_fields__, row, strict=True))) for row in cursor.fetchall()]


def counts(subscription: str) -> dict[str, int]:
    """Return how many events are parked, by state."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [subscription])
        return dict(cursor.fetchall())


def _park(subscription: str, rows: list[dict[str, Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(PARK, [subscription, msgspec.json.encode(rows).decode()])


def _cause(error: Exception) -> str:
    # A driver's message may quote what it could not take: PostgreSQL cannot take that either, and it may be long.
    text = str(error)[:LONGEST_CAUSE].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode(errors="replace").decode()


def _place(event: Recorded) -> dict[str, Any]:
    return {
        "position": event.position,
        "aggregate_id": event.aggregate_id,
        "bucket": bucket_of(event.aggregate_id),
    }
