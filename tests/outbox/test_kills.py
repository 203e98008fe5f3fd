"""Relays and retry jobs that are killed, frozen, and many: every event arrives, in the order of its ticket."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.outbox import Outbox, OutboxSettings
from cqrs.outbox.claiming import Claiming
from cqrs.outbox.settling import Settling
from cqrs.testing.waiting import wait_until
from tests.outbox.destination import Destination
from tests.outbox.processes import Start, relay_processes
from tests.outbox.tickets import SHORT_LEASES, Tickets, event_of, key_of

SECONDS = 60
# Where a process is killed, and how often the event that it had in hand is published in all, at least.
COPIES = {"claimed": 1, "published": 2, "deleted": 1}


@pytest.fixture
def outbox(database: Database[Any]) -> Outbox:
    outbox = Outbox(database, settings=SHORT_LEASES)
    outbox.prepare()
    return outbox


@pytest.fixture
def start(database: Database[Any], outbox: Outbox) -> Iterator[Start]:
    with relay_processes(os.environ["MONGODB_URI"], database.name) as start:
        yield start


def wait_until_empty(tickets: Tickets) -> None:
    wait_until(lambda: tickets.are_published, "all events are published", seconds=SECONDS)


@pytest.mark.parametrize("mode", COPIES)
@pytest.mark.parametrize("takes", ["fresh", "overdue"])
def test_what_a_killed_process_had_in_hand_is_published_by_another(
    takes: str, mode: str, start: Start, tickets: Tickets, destination: Destination
) -> None:
    killed = start("killed", takes=takes, mode=mode)
    tickets.save(event_of("a", 1, data={"hang": True}), event_of("b", 1))
    killed.wait_for("in hand")
    tickets.save(event_of("a", 2), event_of("b", 2))

    killed.kill()

    start("relay")
    start("retry", takes="overdue")
    wait_until_empty(tickets)
    assert destination.first_sequences == {key_of("a"): [1, 2], key_of("b"): [1, 2]}
    assert destination.sequences[key_of("a")].count(1) >= COPIES[mode]
    assert len({event["id"] for event in destination.arrived}) == 4, "what comes again has its id"


def test_a_frozen_process_that_comes_back_publishes_and_deletes_nothing_more(
    start: Start, tickets: Tickets, destination: Destination
) -> None:
    frozen = start("frozen", mode="claimed")
    tickets.save(event_of("a", 1, data={"hang": True}), event_of("a", 2), event_of("a", 3))
    frozen.wait_for("in hand")
    frozen.freeze()
    start("retry", takes="overdue")
    wait_until_empty(tickets)
    tickets.save(event_of("b", 1))

    frozen.thaw()
    frozen.go_on()

    wait_until_empty(tickets)
    assert frozen.leave() == 0
    late = [(event["key"], event["sequence"]) for event in destination.arrived if event["by"] == "frozen"]
    assert set(late) <= {(key_of("b"), 1)}, "there is no time left for what it had in hand"
    assert destination.first_sequences == {key_of("a"): [1, 2, 3], key_of("b"): [1]}


def test_clocks_that_are_wrong_decide_nothing(
    database: Database[Any], start: Start, tickets: Tickets, destination: Destination
) -> None:
    queue = Outbox(database, settings=OutboxSettings(lease=600)).queue
    tickets.save(event_of("a", 1))
    held = Claiming(queue, Settling(queue, worker="honest"), owner="honest", takes="fresh").next(1)
    start("relay an hour ahead", mode="skewed")
    start("retry an hour ahead", takes="overdue", mode="skewed")

    tickets.save(event_of("b", 1), event_of("b", 2))

    wait_until(lambda: len(tickets.waiting) == 1, "the others are published", seconds=SECONDS)
    (event,) = tickets.waiting
    assert held is not None
    assert (event["lockOwner"], event["lockToken"]) == ("honest", held.token)
    assert destination.first_sequences == {key_of("b"): [1, 2]}


# Ten thousand go all the way to orders in `tests/services/tickets/test_from_outbox_to_orders.py`.
def test_two_relays_and_two_retry_jobs_share_two_thousand_events_of_fifty_tickets(
    start: Start, tickets: Tickets, destination: Destination
) -> None:
    for number in (1, 2):
        start(f"relay-{number}")
        start(f"retry-{number}", takes="overdue")

    tickets.save_many(tickets=50, versions=40)

    wait_until_empty(tickets)
    assert destination.first_sequences == {key_of(str(ticket)): list(range(1, 41)) for ticket in range(50)}


def test_killing_them_again_and_again_loses_nothing(start: Start, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=50, versions=40)
    for number in range(4):
        victims = [start(f"relay-{number}"), start(f"retry-{number}", takes="overdue")]
        arrived = destination.number
        wait_until(lambda: destination.number > arrived or tickets.are_published, "they work", seconds=SECONDS)  # noqa: B023 - called at once
        for victim in victims:
            victim.kill()

    start("relay")
    start("retry", takes="overdue")

    wait_until_empty(tickets)
    assert destination.first_sequences == {key_of(str(ticket)): list(range(1, 41)) for ticket in range(50)}
