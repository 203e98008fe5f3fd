"""What a run measured, from the same SQL file that `psql` runs."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

OF_ALL_RUNS = "select * from ({statement}) stats"
OF_ONE_RUN = "select * from ({statement}) stats where seed = %s"


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from CREATED to SYNCHRONIZED; null where nothing is synchronised yet."""

    p50: float | None
    p95: float | None
    p99: float | None


class RunStats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one instance took in for one run.

    `users_per_second` is null where first and last creation are less than a tenth of a second apart.
    """

    seed: str
    app_id: str
    total: int
    synchronized: int
    first_created_at: datetime
    last_created_at: datetime
    last_synchronized_at: datetime | None
    duration_seconds: float
    users_per_second: float | None
    latency_ms: Latency


def user_stats(seed: str | None = None) -> list[RunStats]:
    """Return a row for each run and accepting instance, in their order; of one run only where `seed` names it."""
    statement = (OF_ONE_RUN if seed is not None else OF_ALL_RUNS).format(statement=_statement())
    with connection.cursor() as cursor:
        cursor.execute(statement, [seed] if seed is not None else None)
        rows = cursor.fetchall()
    return [_stats(row) for row in rows]


PLAIN = RunStats.__struct_fields__[:-1]


@cache
def _statement() -> str:
    return Path(settings.BASE_DIR, "infra", "sql", "user_stats.sql").read_text()


def _stats(row: tuple[Any, ...]) -> RunStats:
    *plain, p50, p95, p99 = row
    values = dict(zip(PLAIN, plain, strict=True))
    return RunStats(**values, latency_ms=Latency(p50=p50, p95=p95, p99=p99))
