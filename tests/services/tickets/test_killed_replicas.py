"""A replica is killed between any two writes: a version of a ticket and its event are both there, or neither is."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from cqrs.outbox.queue import COLLECTION as EVENTS
from services.tickets.ticket import COLLECTION as TICKETS
from services.tickets.ticket import ticket_of
from tests.services.lone_process import LoneServices
from tests.services.tickets.sellers import Seller

MORTAL = ("-m", "tests.services.tickets.mortal_replica", "--config", "cqrs_project/gunicorn.py", "cqrs_project.wsgi")
# The ticket, its event, the request's key, the commit; a change has no key.
WRITES_OF_AN_OFFER = 4
WRITES_OF_A_CHANGE = 3


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """The database of the replica."""
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["MONGODB_URI"], uuidRepresentation="standard")
    with client:
        database = client[f"mortal_{uuid4().hex[:12]}"]
        yield database
        client.drop_database(database.name)


@pytest.fixture
def seller(database: Database[dict[str, Any]], fate: Path, tmp_path: Path) -> Iterator[Seller]:
    """A customer of a replica that `fate` kills."""
    variables = {"MONGODB_DATABASE": database.name, "MORTAL_UNTIL": str(fate)}
    with LoneServices(tmp_path, variables) as services:
        services.prepare("tickets")
        yield Seller(services.replica("tickets", MORTAL).url)


@pytest.fixture
def fate(tmp_path: Path) -> Path:
    """Where it is written at which write the replica is killed."""
    return tmp_path / "fate"


def deaths(fate: Path, work: Callable[[int], object]) -> int:
    """Do the work with a replica that is killed at each of its writes in turn; return how often it was killed."""
    for place in count():
        fate.write_text(str(place))
        work(place)
        if fate.exists():
            fate.unlink()
            return place
    raise AssertionError("unreachable")


def told(database: Database[dict[str, Any]]) -> dict[str, list[int]]:
    """By ticket the versions that have an event, in the order of the events' ids."""
    found: dict[str, list[int]] = defaultdict(list)
    for event in database[EVENTS].find().sort("_id"):
        found[event["data"]["id"]].append(event["data"]["version"])
    return dict(found)


def test_no_kill_between_any_two_writes_parts_a_ticket_from_its_event(
    database: Database[dict[str, Any]], seller: Seller, fate: Path
) -> None:
    offered: list[Any] = []

    def change(place: int) -> None:
        offered[0] = seller.change(offered[0], f"{place + 2}.00")

    killed_at_offers = deaths(fate, lambda place: offered.append(seller.offer(f"Concert {place}")))
    killed_at_changes = deaths(fate, change)

    saved = [ticket_of(stored) for stored in database[TICKETS].find().sort("_id")]
    assert [ticket.title for ticket in saved] == [f"Concert {place}" for place in range(killed_at_offers + 1)]
    assert [str(ticket.id) for ticket in saved] == [ticket["id"] for ticket in offered]
    assert told(database) == {str(ticket.id): [*range(1, ticket.version + 1)] for ticket in saved}
    assert saved[0].version == killed_at_changes + 2
    assert (killed_at_offers, killed_at_changes) == (WRITES_OF_AN_OFFER + 1, WRITES_OF_A_CHANGE + 1)
