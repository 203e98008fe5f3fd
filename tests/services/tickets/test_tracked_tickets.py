"""From a ticket that is sold to a window that says that orders have heard of it, by the processes of the services."""

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from cqrs.delivery.ledger import STATE, Ledger
from cqrs.delivery.subscriptions import Subscriptions
from cqrs.outbox import Outbox
from cqrs.publishers.jetstream.settings import StreamSettings
from cqrs.testing.waiting import wait_until
from services.tickets.office import TicketOffice
from services.tickets.ticket import TicketIn
from tests.publishers.nats_server import NatsServer
from tests.services.lone_process import LoneServices

TOPIC = "tickets.*"


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """The services' database."""
    name = f"tracked_{uuid4().hex[:12]}"
    client: MongoClient[dict[str, Any]] = MongoClient(
        os.environ["MONGODB_URI"], uuidRepresentation="standard", tz_aware=True
    )
    with client:
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def services(tmp_path: Path, server: NatsServer, database: Database[dict[str, Any]]) -> Iterator[LoneServices]:
    variables = {
        "MONGODB_DATABASE": database.name,
        "MONGODB_BROKER_DATABASE": f"{database.name}_broker",
        "NATS_URL": server.url,
        "DELIVERY_TRACKING_NATS": "1",
        "DELIVERY_WINDOW_SECONDS": "1",
        "DELIVERY_GRACE_SECONDS": "1",
    }
    with LoneServices(tmp_path, variables) as services:
        yield services


def test_a_ticket_that_orders_have_heard_of_was_expected_once_and_received_once(
    services: LoneServices, database: Database[dict[str, Any]]
) -> None:
    for service in ("tickets", "orders", "delivery"):
        services.prepare(service)
    stream = StreamSettings(name="ticketing", subjects=(TOPIC,))
    listening = Subscriptions(Ledger(database), stream)
    services.worker("orders", "orders")
    wait_until(listening.all, "orders are expected to hear of tickets")
    services.worker("tickets", "tickets-relay")
    services.worker("delivery", "delivery-scheduler")
    # What was made before the first window is not counted.
    wait_until(lambda: database[STATE].find_one({"next": {"$ne": None}}), "windows are counted")
    delivery = services.replica("delivery")
    office = TicketOffice(database, Outbox(database))

    office.offer(TicketIn(title="Concert", price=Decimal(20)), uuid4())

    def received() -> Any:
        windows = delivery.ask("GET", f"/api/v1/delivery/windows?topic={TOPIC}").json["items"]
        return [window for window in windows if window["received"]]

    (window,) = wait_until(received, "a window says so")
    (subscription,) = window["subscriptions"]
    assert (window["topic"], window["events"], window["failed"]) == (TOPIC, 1, 0)
    assert (subscription["name"], subscription["expected"], subscription["received"]) == ("orders", 1, 1)
    assert (subscription["missed"], subscription["rate"]) == (0, 1.0)
