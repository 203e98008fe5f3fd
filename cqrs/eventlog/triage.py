"""What an operator decides about parked events: try them again, skip them, have them read anew.

All of it holds every shard of the subscription, so that no worker parks or handles anything of it meanwhile.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from cqrs.eventlog import dead_letters
from cqrs.eventlog.dead_letters import DeadLetter
from cqrs.eventlog.standstill import own_all

SELECTED = """
subscription = %(subscription)s
  and (%(position)s::bigint is null or position = %(position)s)
  and (%(aggregate_id)s::uuid is null or aggregate_id = %(aggregate_id)s)
"""

RETRY = f"""
update cqrs_dead_letter set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
where {SELECTED} and state <> 'waiting'
"""  # noqa: S608 - only this module's own text is put in

DISCARD = f"delete from cqrs_dead_letter where {SELECTED}"  # noqa: S608

# Whoever is in front now has nobody to wait for.
PROMOTE = """
update cqrs_dead_letter letter
set state = 'retrying', attempts = 0, next_attempt_at = clock_timestamp()
where subscription = %(subscription)s and state = 'waiting'
  and not exists (select from cqrs_dead_letter before
                  where before.subscription = letter.subscription and before.aggregate_id = letter.aggregate_id
                    and before.position < letter.position)
"""

ADOPT = """
insert into cqrs_dead_letter (subscription, position, aggregate_id, bucket, state, attempts, error_type, error,
                              parked_at, last_attempt_at)
select %(heir)s, position, aggregate_id, bucket, state, attempts, error_type, error, parked_at, last_attempt_at
from cqrs_dead_letter where subscription = %(subscription)s
on conflict do nothing
"""

RESTART = """
update cqrs_dead_letter letter
set state = case when in_front then 'retrying' else 'waiting' end, attempts = 0,
    next_attempt_at = case when in_front then clock_timestamp() end
from (select position, position = min(position) over (partition by aggregate_id) as in_front
      from cqrs_dead_letter where subscription = %(subscription)s) as line
where letter.subscription = %(subscription)s and letter.position = line.position
"""

FIRST_PARKED = """
select aggregate_id::text, min(position) from cqrs_dead_letter
where subscription = %s and aggregate_id::text = any (%s) group by aggregate_id
"""

COUNT = f"select count(*) from cqrs_dead_letter where {SELECTED}"  # noqa: S608


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which parked events are meant: the one at a position, those of an aggregate, or all."""

    position: int | None = None
    aggregate_id: UUID | None = None


def find(subscription: str, position: int) -> DeadLetter | None:
    """Return the parked event at this position."""
    letters = dead_letters.listing(subscription, after=position - 1, limit=1)
    return letters[0] if letters and letters[0].position == position else None


def first_parked(subscription: str, aggregate_ids: Collection[str]) -> dict[str, int]:
    """Return the position of the first parked event of those aggregates that have one."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST_PARKED, [subscription, list(aggregate_ids)])
        return dict(cursor.fetchall())


def count(subscription: str, selection: Selection) -> int:
    """Return how many parked events are meant."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, _scope(subscription, selection))
        return int(cursor.fetchone()[0])


def retry(subscription: str, selection: Selection) -> int:
    """Have a worker try these again at once, with a fresh count; return how many.

    What waits behind another event is tried after that one, and does not count. Raises UnknownSubscription.
    """
    with transaction.atomic():
        own_all(subscription)
        return _execute(RETRY, _scope(subscription, selection))


def discard(subscription: str, selection: Selection) -> int:
    """Skip these events for good; return how many. What waited behind them is tried next. Raises UnknownSubscription.

    Their documents stay as they are until a later event of the same aggregate is handled.
    """
    with transaction.atomic():
        own_all(subscription)
        discarded = _execute(DISCARD, _scope(subscription, selection))
        _execute(PROMOTE, {"subscription": subscription})
        return discarded


def discard_all(subscription: str) -> int:
    """Empty the parking place, for a subscription that reads everything again. The caller holds every shard."""
    return _execute(DISCARD, _scope(subscription, Selection()))


def bequeath(subscription: str, heir: str) -> None:
    """Park for `heir` whatever is parked for `subscription`, then have all that `heir` has parked tried again in order.

    The caller holds every shard of both.
    """
    _execute(ADOPT, {"subscription": subscription, "heir": heir})
    _execute(RESTART, {"subscription": heir})


def _scope(subscription: str, selection: Selection) -> dict[str, Any]:
    return {
        "subscription": subscription,
        "position": selection.position,
        "aggregate_id": selection.aggregate_id,
    }


def _execute(statement: str, parameters: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
