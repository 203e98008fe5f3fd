"""One run of users as the stores have it: how far it is, when it began and ended, and whether it is right."""

import time
from datetime import datetime

import msgspec

from benchmarks.errors import BenchmarkError
from benchmarks.stack import Stack
from users_query.documents import COLLECTION

SYNCHRONIZED = """
select count(*) from prm_user users
where seed = %s
  and exists (select from cqrs_event event where event.aggregate_id = users.id and event.confirms = users.version)
"""

# Counting a run takes a processor for a tenth of a second, which the run would lack; the newest take a millisecond.
NEWEST_UNSYNCHRONIZED = """
select count(*) from (select id, version from prm_user where seed = %s order by id desc limit 200) newest
where not exists (select from cqrs_event event
                  where event.aggregate_id = newest.id and event.confirms = newest.version)
"""

TIMES = """
select min(users.created_at), max(users.created_at), max(confirmation.recorded_at),
       (percentile_cont(array[0.5, 0.95, 0.99]) within group (
           order by 1000 * extract(epoch from confirmation.recorded_at - users.created_at)))::float8[]
from prm_user users
join cqrs_event confirmation on confirmation.aggregate_id = users.id and confirmation.confirms = users.version
where users.seed = %s
"""

STAGES = """
select users.id, count(event.id) filter (where event.stage = 'CREATED'),
       count(event.id) filter (where event.stage = 'SYNCHRONIZED')
from prm_user users left join cqrs_event event on event.aggregate_id = users.id
where users.seed = %s group by users.id
"""

# The confirmations of a batch carry the time at which its documents were written, which is before their commit.
PAUSE = 0.02


class RunTimes(msgspec.Struct, frozen=True, kw_only=True):
    """A run by the clock of the stores; the percentiles are of CREATED → SYNCHRONIZED in milliseconds."""

    first_created: datetime
    last_created: datetime
    last_synchronized: datetime
    p50: float
    p95: float
    p99: float


def wait_until_synchronized(stack: Stack, seed: str, users: int, *, patience: float = 60) -> float:
    """Wait until so many users of the run are confirmed and return when they were, in Unix seconds.

    That is when the count that finds them all is asked for: it sees what was committed by then.

    Gives up once nothing moves for `patience` seconds: what is missing then is for `check_run` to say.
    """
    seen, moved_at = -1, time.monotonic()
    while time.monotonic() - moved_at < patience:
        if _count(stack, NEWEST_UNSYNCHRONIZED, seed) == 0 or time.monotonic() - moved_at > patience / 2:
            asked = time.time()
            done = _count(stack, SYNCHRONIZED, seed)
            if done >= users:
                return asked
            if done > seen:
                seen, moved_at = done, time.monotonic()
        time.sleep(PAUSE)
    return time.time()


def run_times(stack: Stack, seed: str) -> RunTimes:
    """Return when the run began and ended. Raises BenchmarkError where no user of it is synchronised."""
    row = stack.postgres.execute(TIMES, [seed]).fetchone()
    if row is None or row[0] is None:
        raise BenchmarkError(f"no user of the run {seed} was synchronised")
    p50, p95, p99 = row[3]
    return RunTimes(first_created=row[0], last_created=row[1], last_synchronized=row[2], p50=p50, p95=p95, p99=p99)


def check_run(stack: Stack, seed: str, *, accepted: int, sent: int) -> tuple[str, ...]:
    """Return what is wrong with the run, a line each: nothing when every accepted user is in both stores, once.

    A request that failed may have been stored all the same, so between `accepted` and `sent` users are right.
    """
    stages = {row[0]: (row[1], row[2]) for row in stack.postgres.execute(STAGES, [seed]).fetchall()}
    documents = {document["_id"] for document in stack.mongodb[COLLECTION].find({"seed": seed, "deleted": False}, {})}
    findings = {
        "accepted users are not in PostgreSQL": max(accepted - len(stages), 0),
        "users are in PostgreSQL beyond those that were sent": max(len(stages) - sent, 0),
        "users do not have exactly one CREATED event": sum(created != 1 for created, _ in stages.values()),
        "users do not have exactly one SYNCHRONIZED event": sum(confirmed != 1 for _, confirmed in stages.values()),
        "users have no document": len(stages.keys() - documents),
        "documents have no user": len(documents - stages.keys()),
    }
    return tuple(f"{seed}: {count} {what}" for what, count in findings.items() if count)


def _count(stack: Stack, statement: str, seed: str) -> int:
    row = stack.postgres.execute(statement, [seed]).fetchone()
    return int(row[0]) if row else 0
