"""A cursor continues the query that it came from, and no other."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.web.cursor import decode_cursor, encode_cursor
from cqrs.web.errors import InvalidRequest


class Position(msgspec.Struct, frozen=True):
    created_at: datetime
    id: UUID


POSITION = Position(datetime(2026, 11, 20, 18, 10, 52, 123000, UTC), UUID("0193494e-3b1c-7c5a-8c52-0242ac120002"))
FILTERS = {"seed": "run-1", "email": None}


def test_a_cursor_reads_back_as_its_position() -> None:
    cursor = encode_cursor(POSITION, FILTERS)

    assert decode_cursor(cursor, Position, FILTERS) == POSITION
    assert cursor.isascii()
    assert len(cursor) < 200


def test_a_filter_that_is_not_given_is_the_same_as_none() -> None:
    cursor = encode_cursor(POSITION, {"seed": "run-1"})

    assert decode_cursor(cursor, Position, FILTERS) == POSITION


@pytest.mark.parametrize("filters", [{}, {"seed": "run-2"}, {"email": "run-1"}, {"seed": "run-1", "email": "a@b"}])
def test_a_cursor_of_another_query_is_refused(filters: dict[str, str | None]) -> None:
    cursor = encode_cursor(POSITION, FILTERS)

    with pytest.raises(InvalidRequest) as refused:
        decode_cursor(cursor, Position, filters)

    assert refused.value.errors[0].path == "cursor"


def test_every_changed_character_is_noticed() -> None:
    cursor = encode_cursor(POSITION, FILTERS)

    # The last character may hold bits that carry nothing, so changing it may leave the same bytes.
    for index, character in enumerate(cursor[:-1]):
        changed = cursor[:index] + ("A" if character != "A" else "B") + cursor[index + 1 :]
        with pytest.raises(InvalidRequest):
            decode_cursor(changed, Position, FILTERS)


@given(cursor=st.text(max_size=100))
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(cursor, Position, FILTERS)
