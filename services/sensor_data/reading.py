"""A reading: what a sensor says at a time, and the range that counted when it was stored."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from cqrs.clock import now
from cqrs.conversion import converted
from cqrs.uuid7 import new_uuid7
from services.sensor_data.valid_range import Number, ValidRange

Document = dict[str, Any]

# The last millisecond of the year 9999: later ones have no date to be told by.
LAST_MOMENT = 253_402_300_799_999
EpochMilliseconds = Annotated[int, Meta(ge=0, le=LAST_MOMENT)]


class Reading(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a client sends and is shown: `time` is in milliseconds since 1970 UTC."""

    sensor_id: UUID
    time: EpochMilliseconds
    value: Number


class StoredReading(Reading, frozen=True, kw_only=True, rename="camel"):
    """A reading as it is kept, with the range that it is judged by for good."""

    id: UUID
    valid_range: ValidRange
    stored_at: datetime

    @property
    def is_critical(self) -> bool:
        """Whether its value is outside of the range."""
        return not self.valid_range.includes(self.value)


def taken_in(reading: Reading, valid_range: ValidRange) -> StoredReading:
    """Return the reading as it is to be kept, stored now."""
    return StoredReading(
        id=new_uuid7(),
        sensor_id=reading.sensor_id,
        time=reading.time,
        value=reading.value,
        valid_range=valid_range,
        stored_at=now(),
    )


def to_document(reading: StoredReading) -> Document:
    """Return the reading as MongoDB keeps it."""
    fields: Document = msgspec.to_builtins(reading, builtin_types=(UUID, datetime))
    return {"_id": fields.pop("id"), **fields}


def from_document(document: Document) -> StoredReading:
    """Return the reading of a document. Raises msgspec.ValidationError where it holds none."""
    return converted({**document, "id": document["_id"]}, StoredReading)
