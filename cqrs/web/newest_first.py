"""Lists that are newest first by their ids: a page ends with an id, and the next one begins before it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

from cqrs.web.cursor import decode_cursor
from cqrs.web.page import page_of

R = TypeVar("R")


class _Position(msgspec.Struct, frozen=True):
    before: str


def id_before(cursor: str | None, filters: Mapping[str, str | None]) -> UUID | None:
    """The id before which the page of this cursor begins; None for the first page. Raises InvalidRequest."""
    return None if cursor is None else UUID(decode_cursor(cursor, _Position, filters).before)


def newest_of(
    found: Sequence[R], limit: int, id_of: Callable[[R], UUID], filters: Mapping[str, str | None]
) -> tuple[Sequence[R], str | None]:
    """The first `limit` rows, and the cursor of the next page; None where there is none. See `page_of`."""
    return page_of(found, limit, lambda last: _Position(before=str(id_of(last))), filters)
