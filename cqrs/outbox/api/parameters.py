"""What the list of failed events takes in the query string, and how it answers."""

import msgspec

from cqrs.outbox.stored import StoredEvent
from cqrs.web.cursor import CursorText, Limit


class FailedEventsParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which page of the parked events; with `failing` also of those that will be tried again."""

    failing: bool = False
    limit: Limit = 50
    cursor: CursorText | None = None


class FailedEventsPage(msgspec.Struct, frozen=True):
    """Where a page ends: the last id on it."""

    after: str


class FailedEvents(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, in the order of the ids; `nextCursor` is null on the last one."""

    items: list[StoredEvent]
    next_cursor: str | None
