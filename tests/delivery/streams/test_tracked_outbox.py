"""An outbox whose events go to a tracked stream, by relays that are killed and stores that are away."""

import os
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.delivery.ledger import Ledger
from cqrs.outbox import Outbox
from cqrs.outbox import parked as care
from cqrs.testing.waiting import wait_until
from tests.changefeed.forgetful_mongodb import forgetful_mongodb
from tests.delivery.streams.tracked_stream import TrackedStream
from tests.outbox.processes import Start, relay_processes
from tests.outbox.tickets import SHORT_LEASES, Tickets, event_of
from tests.publishers.heard import Heard
from tests.publishers.stream_view import StreamView

PROGRAM = "tests.delivery.streams.relay_process"
# It is not the stream's, and refused each time.
FOREIGN = "elsewhere.a"


@pytest.fixture
def outbox(database: Database[Any]) -> Outbox:
    outbox = Outbox(database, settings=SHORT_LEASES)
    outbox.prepare()
    return outbox


@pytest.fixture
def tickets(outbox: Outbox) -> Tickets:
    return Tickets(outbox)


@pytest.fixture
def start(database: Database[Any], stream: TrackedStream) -> Iterator[Start]:
    address = f"{os.environ['NATS_URL']}/{stream.name}"
    with relay_processes(os.environ["MONGODB_URI"], database.name, address, PROGRAM) as start:
        yield start


def save(tickets: Tickets, stream: TrackedStream, *versions: tuple[str, int], **data: Any) -> None:
    """Save versions of tickets with their events."""
    tickets.save(
        *(
            event_of(ticket, version, subject=f"{stream.name}.{ticket}", data={"version": version, **data})
            for ticket, version in versions
        )
    )


def require_all_received_once(stream: TrackedStream, view: StreamView, events: int) -> None:
    """Wait until the ledger says so of as many events; fail unless the stream holds each of them once."""
    wait_until(lambda: stream.completion().received == events, "all are received")
    tally = stream.completion()
    assert (tally.events, tally.failed, tally.expected, tally.received) == (events, 0, events, events)
    assert len(view.messages(stream.name)) == events


@pytest.mark.parametrize(
    "victim", list(product(["fresh", "overdue"], ["attempted", "published", "recorded"])), ids=" ".join
)
def test_what_a_killed_relay_had_in_hand_is_published_and_recorded_once(
    victim: tuple[str, str], start: Start, stream: TrackedStream, tickets: Tickets, view: StreamView
) -> None:
    takes, place = victim
    stream.listen("orders", Heard())
    killed = start("killed", takes=takes, mode=place)
    save(tickets, stream, ("a", 1), ("b", 1), hang=True)
    killed.wait_for("in hand")
    before = stream.completion().expected
    save(tickets, stream, ("a", 2), ("b", 2))

    killed.kill()

    start("relay")
    start("retry", takes="overdue")
    require_all_received_once(stream, view, 4)
    wait_until(lambda: tickets.are_published, "nothing waits any more")
    assert (before > 0) == (place == "recorded")


def test_relays_that_are_killed_again_and_again_leave_each_event_recorded_once(
    start: Start, stream: TrackedStream, tickets: Tickets, view: StreamView
) -> None:
    stream.listen("orders", Heard())
    versions = [(str(ticket), version) for version in range(1, 21) for ticket in range(20)]
    save(tickets, stream, *versions)
    for number in range(3):
        victims = [start(f"relay-{number}"), start(f"retry-{number}", takes="overdue")]
        reached = stream.completion().events
        wait_until(lambda: stream.completion().events > reached or tickets.are_published, "they work")  # noqa: B023 - called at once
        for victim in victims:
            victim.kill()

    start("relay")
    start("retry", takes="overdue")

    require_all_received_once(stream, view, len(versions))


def test_an_event_that_is_given_up_has_failed_once_though_its_relay_was_killed_then(
    start: Start, stream: TrackedStream, outbox: Outbox, tickets: Tickets
) -> None:
    stream.register("orders")
    killed = start("killed", takes="overdue", mode="failed")
    tickets.save(event_of("a", 1, subject=FOREIGN))
    killed.wait_for("in hand")
    killed.kill()
    parked_before = care.listing(outbox.queue)

    start("retry", takes="overdue")
    wait_until(lambda: care.listing(outbox.queue), "it is parked")

    tally = stream.completion()
    assert parked_before == []
    assert (tally.events, tally.failed, tally.expected, tally.rate) == (0, 1, 0, None)


def test_an_outage_of_mongodb_loses_and_doubles_nothing(view: StreamView, stream: TrackedStream) -> None:
    address = f"{os.environ['NATS_URL']}/{stream.name}"
    with forgetful_mongodb() as mongodb, relay_processes(mongodb.uri, "tickets", address, PROGRAM) as start:
        database: Any = mongodb.client["tickets"]
        outbox = Outbox(database, settings=SHORT_LEASES)
        outbox.prepare()
        ledger = Ledger(database)
        ledger.prepare()
        tracked = TrackedStream(ledger, stream.settings)
        tracked.register("orders")
        tickets = Tickets(outbox)
        versions = [(str(ticket), version) for version in range(1, 31) for ticket in range(10)]
        save(tickets, stream, *versions)
        processes = [start("relay"), start("retry", takes="overdue")]
        wait_until(lambda: tracked.completion().events, "they work")

        mongodb.kill()
        mongodb.start()

        wait_until(lambda: tickets.are_published, "all events are published")
        tally = tracked.completion()
        assert (tally.events, tally.failed, tally.expected) == (300, 0, 300)
        assert len(view.messages(stream.name)) == 300
        assert [process.leave() for process in processes] == [0, 0]
