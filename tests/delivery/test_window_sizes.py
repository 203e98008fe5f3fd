"""Windows of several sizes: each keeps the bounds that it was counted with, without a gap and without an overlap."""

from itertools import pairwise

import pytest

from cqrs.delivery.window_sizes import Sized, resized, stretches

TENS_AND_SEVENS = (Sized(since=0, size=10), Sized(since=40, size=7))


def bounds(sizes: tuple[Sized, ...], *, oldest: int, until: int) -> list[tuple[int, int]]:
    """The bounds of all windows."""
    found = []
    for stretch in stretches(sizes, oldest=oldest, until=until):
        start = stretch.start
        while start < stretch.end:
            found.append((start, stretch.windowing.end_of(start)))
            start = found[-1][1]
    return found


def test_windows_end_where_the_next_size_begins() -> None:
    found = bounds(TENS_AND_SEVENS, oldest=0, until=56)

    assert found == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 42), (42, 49), (49, 56)]


def test_the_first_window_of_a_longer_size_is_shorter() -> None:
    found = bounds((Sized(since=0, size=10), Sized(since=20, size=15)), oldest=0, until=45)

    assert found == [(0, 10), (10, 20), (20, 30), (30, 45)]


@pytest.mark.parametrize("oldest", range(0, 60, 3))
def test_only_whole_windows_are_left_of_what_expires(oldest: int) -> None:
    found = bounds(TENS_AND_SEVENS, oldest=oldest, until=56)

    assert found == [one for one in bounds(TENS_AND_SEVENS, oldest=0, until=56) if one[0] >= oldest]
    assert all(end == start for (_, end), (start, _) in pairwise(found))


def test_a_size_that_stays_is_noted_once() -> None:
    assert resized(TENS_AND_SEVENS, since=56, size=7) == TENS_AND_SEVENS


def test_another_size_holds_from_the_next_window_on() -> None:
    assert resized(TENS_AND_SEVENS, since=56, size=20) == (*TENS_AND_SEVENS, Sized(since=56, size=20))


def test_a_size_that_no_window_had_is_forgotten() -> None:
    assert resized(TENS_AND_SEVENS, since=40, size=20) == (Sized(since=0, size=10), Sized(since=40, size=20))
