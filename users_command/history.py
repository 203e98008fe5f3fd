"""Every stage that a user has gone through, from the event log. A deleted user still has its history."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from users_command.errors import UserNotFound
from users_command.events import AGGREGATE_TYPE

READ_HISTORY = """
select event_id, stage, name, coalesce(version, confirms), app_id, seed, causation_id, traceparent, recorded_at
from cqrs_event where aggregate_id = %s and aggregate_type = %s
order by coalesce(version, confirms), id
"""


class Stage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event: the stage, the version that it made or confirmed, and who recorded it when."""

    event_id: UUID
    stage: str
    type: str
    version: int
    app_id: str
    seed: str | None
    causation_id: UUID | None
    traceparent: str | None
    recorded_at: datetime


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All stages of a user, by version, and within one in the order of their recording."""

    id: UUID
    events: list[Stage]


def read_history(user_id: UUID) -> History:
    """Return the history of a user. Raises UserNotFound where there never was one."""
    with connection.cursor() as cursor:
        cursor.execute(READ_HISTORY, [user_id, AGGREGATE_TYPE])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    if not rows:
        raise UserNotFound(user_id)
    return History(id=user_id, events=[Stage(**dict(zip(Stage.__struct_fields__, row, strict=True))) for row in rows])
