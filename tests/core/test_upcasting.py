"""Old versions of an event are lifted to the newest while they are read."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from cqrs.application import Application
from cqrs.clock import now
from cqrs.errors import DuplicateRegistration, MalformedEvent, RegistrationError, UnknownEvent
from cqrs.messages import Event, Recorded
from cqrs.upcasting import Upcasters


class Renamed(Event, frozen=True, kw_only=True):
    """The newest version."""

    wire_name: ClassVar[str] = "tests.renamed.v3"

    first: str
    last: str


def split(data: Mapping[str, Any]) -> dict[str, Any]:
    first, last = data["name"].split(" ", 1)
    return {"first": first, "last": last}


def recorded(name: str, data: str) -> Recorded:
    return Recorded(
        position=1,
        event_id=uuid4(),
        name=name,
        stage="UPDATED",
        aggregate_type="test",
        aggregate_id=uuid4(),
        version=1,
        confirms=None,
        app_id="test-1",
        seed=None,
        causation_id=None,
        traceparent=None,
        recorded_at=now(),
        data=data,
    )


@pytest.fixture
def application() -> Application:
    application = Application(app_id="test-1")
    application.add_event(Renamed)
    application.add_upcaster("tests.renamed.v2", Renamed, split)
    return application


def test_a_chain_is_followed_to_its_end() -> None:
    upcasters = Upcasters()
    upcasters.add("a.v1", "a.v2", lambda data: {**data, "steps": ["1→2"]})
    upcasters.add("a.v2", "a.v3", lambda data: {**data, "steps": [*data["steps"], "2→3"]})

    assert upcasters.lift("a.v1", {"x": 1}) == ("a.v3", {"x": 1, "steps": ["1→2", "2→3"]})
    assert upcasters.lift("a.v3", {"x": 1}) == ("a.v3", {"x": 1})


@pytest.mark.parametrize("ring", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "a"]])
def test_a_ring_is_refused_when_it_is_closed(ring: list[str]) -> None:
    upcasters = Upcasters()
    *steps, last = pairwise(ring)
    for old, new in steps:
        upcasters.add(old, new, dict)

    with pytest.raises(RegistrationError, match="ring"):
        upcasters.add(*last, dict)


def test_a_ring_is_refused_in_whatever_order_its_steps_come() -> None:
    upcasters = Upcasters()
    upcasters.add("b", "c", dict)
    upcasters.add("a", "b", dict)

    with pytest.raises(RegistrationError, match="ring"):
        upcasters.add("c", "a", dict)


def test_a_second_step_from_one_version_is_refused() -> None:
    upcasters = Upcasters()
    upcasters.add("a.v1", "a.v2", dict)

    with pytest.raises(DuplicateRegistration, match=r"a\.v1"):
        upcasters.add("a.v1", "a.v3", dict)


def test_an_application_reads_an_old_version_as_the_newest(application: Application) -> None:
    event = application.decode(recorded("tests.renamed.v2", '{"name": "Ada Lovelace"}'))

    assert event == Renamed(first="Ada", last="Lovelace")


@pytest.mark.parametrize("data", ['{"title": "Ada"}', '{"name": 7}', '{"name": "Ada"}', "[]", "{", "null"])
def test_old_data_that_cannot_be_lifted_is_malformed(application: Application, data: str) -> None:
    with pytest.raises(MalformedEvent, match=r"tests\.renamed\.v2"):
        application.decode(recorded("tests.renamed.v2", data))


def test_a_chain_that_ends_in_nothing_known_is_an_unknown_event(application: Application) -> None:
    class Gone(Event, frozen=True, kw_only=True):
        wire_name: ClassVar[str] = "tests.gone.v2"

    application.add_upcaster("tests.gone.v1", Gone, dict)

    with pytest.raises(UnknownEvent, match=r"tests\.gone\.v2"):
        application.decode(recorded("tests.gone.v1", "{}"))
