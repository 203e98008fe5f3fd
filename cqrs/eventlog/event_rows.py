"""Events as the statements that append them take them: one JSON array, whatever their number."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from cqrs.context import Context
from cqrs.eventlog.buckets import bucket_of
from cqrs.messages import Event
from cqrs.uuid7 import new_uuid7

COLUMNS = """
    event_id uuid, aggregate_type text, aggregate_id uuid, version bigint, confirms bigint, stage text, name text,
    bucket smallint, app_id text, seed text, causation_id uuid, traceparent text, recorded_at timestamptz, data jsonb
"""

# Takes what `event_rows(events, "version")` gives; a condition and an order may follow.
INSERT_STATES = f"""
insert into cqrs_event (event_id, aggregate_type, aggregate_id, version, stage, name, bucket, app_id, seed,
                        causation_id, traceparent, recorded_at, data)
select event_id, aggregate_type, aggregate_id, version, stage, name, bucket, app_id, seed,
       causation_id, traceparent, recorded_at, data
from jsonb_to_recordset(%s::jsonb) as new({COLUMNS})
"""  # noqa: S608 - only this module's own column list is put in


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way into the log, with what the log keeps beside it.

    `version` is the aggregate's version that a state event leads to, or the one that a confirmation names.
    """

    event: Event
    stage: str
    aggregate_type: str
    aggregate_id: UUID
    version: int
    seed: str | None
    recorded_at: datetime
    context: Context
    event_id: UUID = msgspec.field(default_factory=new_uuid7)


def event_rows(events: Sequence[NewEvent], version_column: Literal["version", "confirms"]) -> str:
    """The events as the text of a JSON array, for `jsonb_to_recordset(…) as new(COLUMNS)`."""
    return msgspec.json.encode([_row(event, version_column) for event in events]).decode()


def _row(new: NewEvent, version_column: str) -> dict[str, Any]:
    return {
        "event_id": new.event_id,
        "aggregate_type": new.aggregate_type,
        "aggregate_id": new.aggregate_id,
        version_column: new.version,
        "stage": new.stage,
        "name": new.event.wire_name,
        "bucket": bucket_of(new.aggregate_id),
        "app_id": new.context.app_id,
        "seed": new.seed,
        "causation_id": new.context.causation_id,
        "traceparent": new.context.traceparent,
        "recorded_at": new.recorded_at,
        "data": new.event,
    }
