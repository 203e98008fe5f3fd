"""What the messages carry; each public class gets a JSON Schema. After a change: csbroker generate."""

from typing import Literal
from uuid import UUID

from msgspec import Struct, field

Number = int | float


class CriticalReading(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a sensor said, `time` in milliseconds since 1970 UTC."""

    sensor_id: UUID
    time: int
    value: Number


class MissedRange(Struct, frozen=True, kw_only=True):
    """What it could have said; both ends are valid. On the wire they are `from` and `to`."""

    since: Number = field(name="from")
    until: Number = field(name="to")


class CriticalContext(Struct, frozen=True, kw_only=True, rename="camel"):
    """A reading and the range that it was judged by."""

    reading: CriticalReading
    valid_range: MissedRange


class SensorAlertPayload(Struct, frozen=True, kw_only=True):
    """A reading is outside of its sensor's valid range."""

    type: Literal["sensor"]
    context: CriticalContext
