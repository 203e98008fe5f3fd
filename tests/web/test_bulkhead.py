"""A store that hangs holds only so many requests; those beyond are told so, and while it works none of them are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier, Event
from time import monotonic

import pytest
from django.test import RequestFactory

from cqrs.errors import Unavailable
from cqrs.web import bulkhead
from cqrs.web.api_view import ApiView
from cqrs.web.bulkhead import Bulkhead, bulkhead_of, places_for

SECONDS = 60


@contextmanager
def full(of: Bulkhead, places: int) -> Iterator[ExitStack]:
    """Take all places; leaving the stack gives them back."""
    with ExitStack() as taken:
        for _ in range(places):
            taken.enter_context(of.place())
        yield taken


def test_whoever_finds_no_place_is_refused_with_the_name_of_the_store() -> None:
    hanging = Bulkhead("postgresql", 2, standstill=0.05)

    with full(hanging, 2), pytest.raises(Unavailable) as refused, hanging.place():
        pass

    assert refused.value.store == "postgresql"


def test_once_nothing_has_moved_for_long_nobody_waits() -> None:
    hanging = Bulkhead("postgresql", 1, standstill=0.3)

    with full(hanging, 1):
        began = monotonic()
        for _ in range(200):
            with pytest.raises(Unavailable), hanging.place():
                pass
        took = monotonic() - began

    assert took < 200 * 0.3


def test_whoever_finds_no_place_gets_the_next_one_that_becomes_free() -> None:
    busy, entered, go_on = Bulkhead("postgresql", 1, standstill=SECONDS), Event(), Event()

    def hold() -> None:
        with busy.place():
            entered.set()
            assert go_on.wait(SECONDS)

    def follow() -> bool:
        go_on.set()
        with busy.place():
            return True

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(hold)
        assert entered.wait(SECONDS)
        followed = pool.submit(follow)

    assert followed.result() is True
    assert held.exception() is None


def test_a_place_is_given_back_after_an_error() -> None:
    small = Bulkhead("postgresql", 1, standstill=0)

    with pytest.raises(ZeroDivisionError), small.place():
        raise ZeroDivisionError

    with small.place():
        pass


@pytest.mark.parametrize(("threads", "places"), [(2, 1), (4, 1), (24, 10), (256, 106)])
def test_two_stores_that_hang_leave_a_sixth_of_the_threads(threads: int, places: int) -> None:
    assert places_for(threads) == places


def test_all_threads_of_a_process_share_the_bulkhead_of_a_store() -> None:
    together = Barrier(8)

    def ask() -> Bulkhead:
        together.wait(SECONDS)
        return bulkhead_of("a store that nobody has asked for yet")

    with ThreadPoolExecutor(8) as pool:
        found = {future.result() for future in [pool.submit(ask) for _ in range(8)]}

    assert len(found) == 1


def test_a_view_whose_store_has_no_place_answers_503(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Bulkhead("the view's store", 1, standstill=0)
    monkeypatch.setitem(bulkhead._bulkheads, "the view's store", hanging)

    class View(ApiView):
        store = "the view's store"

    with full(hanging, 1):
        answer = View.as_view()(RequestFactory().get("/somewhere"))

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer["Content-Type"] == "application/problem+json"
