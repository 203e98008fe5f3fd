"""What the list of readings takes in the query string."""

from uuid import UUID

import msgspec

from cqrs.web.cursor import CursorText, Limit
from services.sensor_data.reading import EpochMilliseconds


class ReadingParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose readings, from when to when (milliseconds since 1970 UTC, both inclusive), and which page of them."""

    sensor_id: UUID
    since: EpochMilliseconds | None = None
    until: EpochMilliseconds | None = None
    limit: Limit = 10
    cursor: CursorText | None = None


class ReadingPage(msgspec.Struct, frozen=True):
    """Where a page ends: the last time on it."""

    after: int
