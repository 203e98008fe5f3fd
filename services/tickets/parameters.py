"""What the list of tickets takes in the query string."""

import msgspec

from cqrs.web.cursor import CursorText, Limit


class TicketParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Which page."""

    limit: Limit = 10
    cursor: CursorText | None = None
