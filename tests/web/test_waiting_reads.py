"""Waiting for one's own write ends as soon as it is there, at its deadline, or at once when too many wait."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import pytest

from cqrs.web import consistency
from cqrs.web.consistency import WaitingRoom


def test_what_is_there_already_is_returned_without_a_pause() -> None:
    versions = iter([3])

    found = WaitingRoom(places=2).wait_for(lambda: next(versions), lambda version: version >= 3, wait_ms=5_000)

    assert found == 3


def test_the_wait_ends_when_the_version_arrives() -> None:
    # Were it only read again at the deadline, it would be the second of them.
    versions = iter([None, 1, 1, 2])

    found = WaitingRoom(places=2).wait_for(lambda: next(versions), lambda version: version >= 2, wait_ms=5_000)

    assert found == 2


def test_an_older_version_is_none_after_the_deadline() -> None:
    started = monotonic()

    found = WaitingRoom(places=2).wait_for(lambda: 1, lambda version: version >= 2, wait_ms=60)

    assert found is None
    assert monotonic() - started >= 0.06


def test_without_a_wait_there_is_one_read() -> None:
    versions = iter([1])

    found = WaitingRoom(places=2).wait_for(lambda: next(versions), lambda version: version >= 2, wait_ms=0)

    assert found is None


def test_a_full_room_answers_at_once_and_empties_again() -> None:
    room = WaitingRoom(places=1)
    inside, arrived = Event(), Event()
    first_reads: list[int] = []
    second_reads: list[int] = []

    def first_read() -> int | None:
        first_reads.append(1)
        if len(first_reads) > 1:  # the first read is made before a place is taken
            inside.set()
        return 1 if arrived.is_set() else None

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(room.wait_for, first_read, lambda _: True, 5_000)
        assert inside.wait(60)
        turned_away = room.wait_for(lambda: second_reads.append(1), lambda _: True, 5_000)
        arrived.set()
        found = first.result(60)

    assert found == 1
    assert turned_away is None
    assert len(second_reads) == 1
    assert room_has_a_place(room)


def test_a_failing_read_gives_its_place_back() -> None:
    room = WaitingRoom(places=1)
    divisors = iter([1, 0])

    with pytest.raises(ZeroDivisionError):
        room.wait_for(lambda: 1 // next(divisors), lambda found: found > 1, 5_000)

    assert room_has_a_place(room)


@pytest.mark.parametrize(("threads", "places"), [(2, 1), (3, 1), (8, 2), (9, 3), (24, 8), (256, 85)])
def test_a_third_of_the_threads_may_wait_and_never_all(threads: int, places: int) -> None:
    assert consistency.places_for(threads) == places


def room_has_a_place(room: WaitingRoom) -> bool:
    """Whether a request that finds nothing at first is allowed to look again."""
    answers = iter([None, 7])
    return room.wait_for(lambda: next(answers), lambda _: True, 5_000) == 7
