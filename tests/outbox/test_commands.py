"""`manage.py outbox` and `manage.py retry_publishing_events`."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from cqrs.errors import DuplicateRegistration
from cqrs.outbox import Outbox, Relay
from cqrs.outbox.registry import RegisteredOutbox, UnknownOutbox, _outboxes, find_outbox, register_outbox
from cqrs.testing.drain import drain
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def name(outbox: Outbox, destination: Destination) -> Iterator[str]:
    """The name of an outbox that the commands know."""
    name = f"test-{uuid4().hex[:8]}"
    register_outbox(RegisteredOutbox(name=name, outbox=outbox, publisher=lambda: destination))
    yield name
    del _outboxes[name]


@pytest.fixture
def parked(outbox: Outbox, tickets: Tickets, destination: Destination) -> str:
    """The id of an event that was given up."""
    tickets.save(event_of("a", 1, event_id="e-1"), event_of("a", 2))
    destination.refuses = lambda event: event.event_id == "e-1"
    drain(Relay(outbox, destination, takes="fresh").step)
    outbox.queue.events.update_one({"_id": "e-1"}, [{"$set": {"parkedAt": "$$NOW", "nextAttemptAt": None}}])
    destination.refuses = lambda _: False
    return "e-1"


def run(name: str, command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, "--outbox", name, *arguments, stdout=out)
    return out.getvalue()


def test_parked_events_are_listed_for_people_and_for_programs(name: str, parked: str) -> None:
    table, lines = run(name, "outbox", "list"), run(name, "outbox", "list", "--json")

    assert "e-1" in table
    assert "refused: no" in table
    (event,) = [json.loads(line) for line in lines.splitlines()]
    assert (event["eventId"], event["aggregateId"], event["state"]) == ("e-1", "a", "parked")


def test_an_empty_list_says_so(name: str, outbox: Outbox) -> None:
    assert run(name, "outbox", "list") == f"nothing has failed in {outbox.queue.full_name}\n"


def test_one_is_shown_with_its_failures_but_without_its_data(name: str, parked: str) -> None:
    shown = json.loads(run(name, "outbox", "show", parked))

    assert [failure["error"] for failure in shown["failures"]] == ["no"]
    assert "data" not in shown


@pytest.mark.parametrize("which", ["e-1", "--all"])
def test_a_retried_event_is_published_by_the_job(
    which: str, name: str, parked: str, tickets: Tickets, destination: Destination
) -> None:
    printed = run(name, "outbox", "retry", which)
    run(name, "retry_publishing_events", "--once")

    assert printed.startswith("1 will be tried again")
    assert tickets.are_published
    assert [event["sequence"] for event in destination.arrived] == [1, 2]
    assert destination.is_closed


def test_a_discarded_event_is_gone(name: str, parked: str, tickets: Tickets) -> None:
    run(name, "outbox", "discard", parked, "--yes")

    assert [event["aggregate"]["sequence"] for event in tickets.waiting] == [2]


def test_discarding_asks_first(name: str, parked: str, tickets: Tickets) -> None:
    with pytest.raises(CommandError, match="--yes"):
        run(name, "outbox", "discard", parked)

    assert len(tickets.waiting) == 2


@pytest.mark.parametrize(
    "arguments",
    [("outbox", "show", "nobody"), ("outbox", "retry", "nobody"), ("outbox", "discard", "nobody", "--yes")],
    ids=lambda arguments: arguments[1],
)
def test_what_is_not_there_is_one_line(arguments: tuple[str, ...], name: str) -> None:
    with pytest.raises(CommandError, match="no event 'nobody' is waiting") as failed:
        run(name, *arguments)

    assert failed.value.returncode == 2


def test_an_outage_is_one_line(name: str, parked: str, destination: Destination) -> None:
    run(name, "outbox", "retry", parked)
    destination.is_away = True

    with pytest.raises(CommandError, match="destination is unavailable"):
        run(name, "retry_publishing_events", "--once")


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "often"])
def test_an_interval_that_is_none_is_refused(interval: str, name: str) -> None:
    with pytest.raises(CommandError, match="must be a number of seconds above 0"):
        run(name, "retry_publishing_events", f"--interval={interval}")


def test_an_unknown_outbox_is_told_with_the_known_ones(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match=f"there is no outbox 'other'.*{name}"):
        run("other", "outbox", "list")


def test_a_name_is_registered_once_and_needed_only_where_there_are_several(name: str) -> None:
    registered = find_outbox(name)

    with pytest.raises(DuplicateRegistration):
        register_outbox(registered)
    register_outbox(RegisteredOutbox(name=f"{name}-2", outbox=registered.outbox, publisher=registered.publisher))
    try:
        with pytest.raises(UnknownOutbox):
            find_outbox()
    finally:
        del _outboxes[f"{name}-2"]
