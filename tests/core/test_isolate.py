"""Isolation finds what fails on its own, runs everything else, and holds nothing against the innocent."""

from collections.abc import Callable, Sequence
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.errors import NoHandler, RegistrationError, Unavailable
from cqrs.isolate import isolate


class Attempts:
    """All or nothing: remembers what went through, and refuses whatever holds a bad item."""

    def __init__(self, bad: set[int], error: Callable[[], Exception] = lambda: ValueError("bad")) -> None:
        self.bad = bad
        self.error = error
        self.done: list[int] = []
        self.calls = 0

    def __call__(self, items: Sequence[int]) -> None:
        self.calls += 1
        if self.bad & set(items):
            raise self.error()
        self.done += items


@given(st.integers(0, 200), st.data())
def test_exactly_the_bad_ones_are_returned_and_all_others_done_once_and_in_order(
    size: int, data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, max(0, size - 1)), max_size=10)) if size else set()
    attempt = Attempts(bad)

    failed = isolate(range(size), attempt)

    assert [item for item, _ in failed] == sorted(bad)
    assert attempt.done == [item for item in range(size) if item not in bad]


def test_a_good_batch_is_one_attempt() -> None:
    attempt = Attempts(set())

    assert isolate(range(1000), attempt) == []
    assert attempt.calls == 1


def test_one_bad_item_in_a_thousand_costs_some_twenty_attempts() -> None:
    attempt = Attempts({617})

    isolate(range(1000), attempt)

    assert attempt.calls <= 2 * log2(1024) + 1


def test_each_failure_comes_with_its_own_error() -> None:
    def attempt(items: Sequence[int]) -> None:
        if 1 in items:
            raise KeyError("one")
        if 2 in items:
            raise ValueError("two")

    failed = isolate([0, 1, 2, 3], attempt)

    assert [(item, type(error)) for item, error in failed] == [(1, KeyError), (2, ValueError)]


def test_nothing_is_attempted_for_nothing() -> None:
    attempt = Attempts(set())

    assert isolate([], attempt) == []
    assert attempt.calls == 0


@pytest.mark.parametrize("error", [Unavailable("mongodb"), RegistrationError("no"), NoHandler("DoIt")])
def test_what_says_nothing_about_the_items_passes_through(error: Exception) -> None:
    attempt = Attempts({1}, lambda: error)

    with pytest.raises(type(error)):
        isolate([0, 1, 2], attempt)

    assert attempt.calls == 1
