"""An outbox in a database of the test's own, which is dropped afterwards."""

import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from cqrs.outbox import Outbox
from tests.outbox.destination import Destination
from tests.outbox.tickets import AT_ONCE, Tickets

Client = MongoClient[dict[str, Any]]


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(os.environ["MONGODB_URI"], tz_aware=True, w="majority", journal=True) as client:
        yield client


@pytest.fixture
def database(client: Client) -> Iterator[Database[dict[str, Any]]]:
    database = client[f"outbox_test_{uuid4().hex[:12]}"]
    yield database
    client.drop_database(database.name)


@pytest.fixture
def outbox(database: Database[dict[str, Any]]) -> Outbox:
    """Its failed events are due again at once."""
    outbox = Outbox(database, settings=AT_ONCE)
    outbox.prepare()
    return outbox


@pytest.fixture
def tickets(outbox: Outbox) -> Tickets:
    """Records with their events."""
    return Tickets(outbox)


@pytest.fixture
def destination(database: Database[dict[str, Any]]) -> Destination:
    """Where events are published to: another collection."""
    return Destination(database)
