"""What this service takes in, by message or request; further fields are ignored. After a change: csbroker generate."""

import math
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

Number = int | float
# The last millisecond of the year 9999: later ones have no date to be told by.
EpochMilliseconds = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]


class AlertReading(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a sensor said, `time` in milliseconds since 1970 UTC."""

    sensor_id: UUID
    time: EpochMilliseconds
    value: Number


class AlertRange(Struct, frozen=True, kw_only=True):
    """What it could have said; both ends are valid. On the wire they are `from` and `to`."""

    since: Number = field(name="from")
    until: Number = field(name="to")

    def __post_init__(self) -> None:
        if not (math.isfinite(self.since) and math.isfinite(self.until)):
            raise ValueError("The ends of a range have to be finite")
        if self.since > self.until:
            raise ValueError("A range has to begin before it ends")


class AlertContext(Struct, frozen=True, kw_only=True, rename="camel"):
    """A reading and the range that it was judged by."""

    reading: AlertReading
    valid_range: AlertRange


class SensorAlertPayload(Struct, frozen=True, kw_only=True):
    """A reading is outside of its sensor's valid range."""

    type: Literal["sensor"]
    context: AlertContext
