"""On the running stack every saved version of a ticket reaches orders, once and in order, whatever is killed."""

import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from cqrs.outbox.queue import COLLECTION as EVENTS
from services.orders.ticket_view import TICKETS as KNOWN
from services.tickets.ticket import COLLECTION as TICKETS
from tests.publishers.stream_view import StreamView
from tests.running_stack import RunningStack
from tests.services.customers import get
from tests.services.tickets.sellers import Seller, sellers_at_once

STREAM = "ticketing"
NAMES = ("ada", "bob", "eve")


@pytest.fixture(scope="module")
def database(stack: RunningStack) -> Iterator[Database[dict[str, Any]]]:
    """The stack's database."""
    client: MongoClient[dict[str, Any]] = MongoClient(stack.env["MONGODB_URI"], uuidRepresentation="standard")
    with client:
        yield client[stack.env["MONGODB_DATABASE"]]


@pytest.fixture(scope="module")
def stream(stack: RunningStack) -> Iterator[StreamView]:
    """What is in the stack's streams."""
    view = StreamView(stack.env["NATS_URL"])
    yield view
    view.close()


def versions(database: Database[dict[str, Any]], collection: str) -> dict[str, int]:
    """The version of each ticket in a collection."""
    return {str(stored["_id"]): stored["version"] for stored in database[collection].find()}


def assert_all_told_once_and_in_order(database: Database[dict[str, Any]], stream: StreamView) -> None:
    """Every saved version has its event in the stream, once, in order; orders know the newest; nothing is left."""
    told = defaultdict(list)
    for message in stream.messages(STREAM):
        told[message.data["id"]].append(message.data["version"])
    saved = versions(database, TICKETS)
    assert told == {ticket_id: [*range(1, version + 1)] for ticket_id, version in saved.items()}
    assert versions(database, KNOWN) == saved
    assert database[EVENTS].count_documents({}) == 0
    assert [message.subject for message in stream.messages(f"dlq_{STREAM}_orders")] == []


def orders_know_all(database: Database[dict[str, Any]]) -> bool:
    return database[EVENTS].count_documents({}) == 0 and versions(database, KNOWN) == versions(database, TICKETS)


def kill(stack: RunningStack, name: str) -> None:
    """Kill a process that runs: one that was killed a moment ago may not be there yet."""
    stack.wait_until(lambda: stack.pid(name), f"{name} runs")
    stack.kill(name)


def test_a_ticket_reaches_orders(stack: RunningStack, database: Database[dict[str, Any]], stream: StreamView) -> None:
    seller = Seller(stack.base_url)
    ticket = seller.change(seller.offer("Concert"), "25.50")

    stack.wait_until(lambda: orders_know_all(database), "orders know the ticket")

    assert get(stack, f"/api/orders/tickets/{ticket['id']}") == ticket
    assert_all_told_once_and_in_order(database, stream)


@pytest.mark.parametrize(
    "victims", [("instance-1", "tickets-relay"), ("orders", "tickets-retry", "tickets-relay"), ("mongodb",), ("nats",)]
)
def test_killed_processes_lose_and_double_nothing(
    stack: RunningStack, database: Database[dict[str, Any]], stream: StreamView, victims: tuple[str, ...]
) -> None:
    before = versions(database, KNOWN).keys()

    with sellers_at_once(stack, [f"{name} {victims[0]}" for name in NAMES], tickets=8, changes=8) as sold:
        stack.wait_until(lambda: versions(database, KNOWN).keys() - before, "tickets are sold")
        for victim in victims:
            kill(stack, victim)
    stack.wait_until_healthy()
    stack.wait_until(lambda: orders_know_all(database), "orders know all tickets", 60)

    assert {ticket["version"] for ticket in sold} == {9}
    assert_all_told_once_and_in_order(database, stream)


def test_an_outage_of_nats_delays_events_and_refuses_no_ticket(
    stack: RunningStack, database: Database[dict[str, Any]], stream: StreamView
) -> None:
    seller = Seller(stack.base_url)
    silent = stack.pid("nats")
    os.kill(silent, signal.SIGSTOP)

    tickets = [seller.change(seller.offer(f"During the outage {number}"), "2.00") for number in range(10)]
    waiting = database[EVENTS].count_documents({})
    blamed = database[EVENTS].count_documents({"failures": {"$ne": []}})
    os.kill(silent, signal.SIGKILL)
    stack.wait_until(lambda: orders_know_all(database), "orders know all tickets", 60)
    stack.wait_until_healthy()

    assert {ticket["version"] for ticket in tickets} == {2}
    assert (waiting, blamed) == (20, 0)
    assert_all_told_once_and_in_order(database, stream)
