"""What the list of known tickets takes in the query string."""

import msgspec

from cqrs.web.cursor import CursorText, Limit


class KnownTicketParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Which page."""

    limit: Limit = 10
    cursor: CursorText | None = None
