"""What the list of texts takes in the query string."""

import msgspec

from cqrs.web.cursor import CursorText, Limit


class TextParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which page of the texts."""

    limit: Limit = 10
    cursor: CursorText | None = None
