"""The style itself: it passes what follows, and fails on anything else."""

from collections.abc import Iterator

import pytest

from cqrs.messages import Command, Event
from cqrs.saga import Saga
from cqrs.testing.given_when_then import given


class Rang(Event, frozen=True, kw_only=True):
    times: int = 1


class Slept(Event, frozen=True, kw_only=True):
    pass


class Open(Command, frozen=True, kw_only=True):
    pass


class Greet(Command, frozen=True, kw_only=True):
    pass


def rang(event: Rang) -> Iterator[Command]:
    for _ in range(event.times):
        yield Open()


def greet(_: Rang) -> Iterator[Command]:
    yield Greet()


DOOR = Saga(name="door", reactions={Rang: rang})
MANNERS = Saga(name="manners", reactions={Rang: greet})


def test_it_passes_exactly_what_follows_in_order() -> None:
    given(DOOR).when(Rang(times=2)).then(Open(), Open())
    given(DOOR, MANNERS).when(Rang(), Rang()).then(Open(), Greet(), Open(), Greet())
    given(DOOR).when(Slept()).then_nothing()
    given().when(Rang()).then_nothing()


def test_it_fails_on_less_more_or_another_order() -> None:
    for expected in [(), (Open(),), (Greet(), Open()), (Open(), Greet(), Greet())]:
        with pytest.raises(AssertionError, match="these follow"):
            given(DOOR, MANNERS).when(Rang()).then(*expected)
    with pytest.raises(AssertionError, match="these follow"):
        given(DOOR).when(Rang()).then_nothing()
