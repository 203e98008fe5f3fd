"""Windows: every moment is in exactly one, and none is skipped or counted before its time."""

import pytest

from cqrs.delivery.window import Windowing

TENS = Windowing()


@pytest.mark.parametrize(
    ("at", "start"),
    [
        (0, 0),
        (9_999, 0),
        (10_000, 10_000),
        (1_655_196_020_000, 1_655_196_020_000),
        (1_655_196_029_999, 1_655_196_020_000),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(at: int, start: int) -> None:
    assert TENS.start_of(at) == start
    assert start <= at < TENS.end_of(start)


@pytest.mark.parametrize(
    ("at", "due"),
    [(14_999, []), (15_000, [0]), (24_999, [0]), (25_000, [0, 10_000]), (60_001, [0, 10_000, 20_000, 30_000, 40_000])],
)
def test_windows_are_due_in_order_once_their_grace_is_over(at: int, due: list[int]) -> None:
    assert list(TENS.due(0, at)) == due


def test_after_a_restart_it_goes_on_behind_the_last_one() -> None:
    before = list(TENS.due(0, 31_000))

    after = list(TENS.due(TENS.end_of(before[-1]), 58_000))

    assert before + after == list(TENS.due(0, 58_000))
    assert not set(before) & set(after)


def test_a_clock_that_is_set_back_makes_none_due_again() -> None:
    assert list(TENS.due(50_000, 20_000)) == []


def test_after_another_size_was_set_windows_neither_overlap_nor_leave_a_gap() -> None:
    sevens = Windowing(size=7_000)

    starts = list(sevens.due(20_000, 42_000))

    assert starts == [20_000, 21_000, 28_000]
    assert [sevens.end_of(start) for start in starts] == [21_000, 28_000, 35_000]


@pytest.mark.parametrize(("size", "grace"), [(0, 0), (-1, 0), (10, -1)])
def test_sizes_that_make_no_windows_are_refused(size: int, grace: int) -> None:
    with pytest.raises(ValueError, match="size above zero"):
        Windowing(size=size, grace=grace)
