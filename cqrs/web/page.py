"""One page of a list: what is shown of the rows that were found, and the cursor that leads on."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from cqrs.web.cursor import encode_cursor

R = TypeVar("R")


def page_of(
    found: Sequence[R], limit: int, position_of: Callable[[R], msgspec.Struct], filters: Mapping[str, str | None]
) -> tuple[Sequence[R], str | None]:
    """The first `limit` rows, and the cursor of the next page; None where there is none.

    `found` holds one row more than `limit` where there is a next page; `position_of` says where a page ends with a row.
    """
    shown = found[:limit]
    if len(shown) == len(found):
        return shown, None
    return shown, encode_cursor(position_of(shown[-1]), filters)
