"""Every query of relays, retry jobs and operators has an index: they ask again and again, whatever has gathered."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.errors import Unavailable
from cqrs.outbox import Notices, Outbox, Relay, RetryJob
from cqrs.outbox import parked as care
from cqrs.outbox.figures import measure, oldest_seconds
from cqrs.testing.drain import drain
from tests.broker.test_query_plans import Asked, plans_of
from tests.outbox.conftest import Client
from tests.outbox.destination import ARRIVED, Destination
from tests.outbox.tickets import AT_ONCE, Tickets, key_of

TICKETS, VERSIONS = 20, 40
BATCH = AT_ONCE.batch


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def heard(database: Database[Any], tickets: Tickets, asked: Asked) -> Iterator[Outbox]:
    """An outbox with events waiting, through a client that is listened to."""
    tickets.save_many(TICKETS, VERSIONS)
    with Client(os.environ["MONGODB_URI"], tz_aware=True, event_listeners=[asked]) as client:
        yield Outbox(client[database.name], settings=AT_ONCE)


def explainable(command: dict[str, Any]) -> dict[str, Any]:
    """Return the command as MongoDB explains it; of several updates, which are alike, the first."""
    if "aggregate" in command:
        return {**command, "cursor": {}}
    return {**command, "updates": command["updates"][:1]} if "updates" in command else command


def require_indexes(outbox: Outbox, asked: Asked, *, least: int, examined: int) -> None:
    """Fail unless each command has an index and examined at the most so many documents and entries of the index."""
    commands = [command for command in asked.commands if ARRIVED not in command.values()]
    wrong = {}
    for command in commands:
        explained = outbox.queue.database.command("explain", explainable(command), verbosity="executionStats")
        stages = list(plans_of(explained))
        found = {one["stage"] for one in stages} & {"COLLSCAN", "SORT", "GROUP"}
        lookups = [one["$lookup"] for one in explained.get("stages", ()) if "$lookup" in one]
        statistics = explained.get("executionStats") or explained["stages"][0]["$cursor"]["executionStats"]
        number = max(statistics["totalDocsExamined"], statistics["totalKeysExamined"])
        if found or number > examined or any(lookup.get("collectionScans") for lookup in lookups):
            wrong[str(command)] = found, number
    assert wrong == {}
    assert len(commands) >= least


def test_claiming_and_giving_back_looks_at_the_claimed_events_only(
    heard: Outbox, asked: Asked, database: Database[Any]
) -> None:
    destination = Destination(database)
    destination.is_away = True

    with pytest.raises(Unavailable):
        Relay(heard, destination, takes="fresh").step()

    # An entry of the index for each id, and one where a range of them ends.
    require_indexes(heard, asked, least=5, examined=BATCH + 1)


def test_settling_looks_at_the_claimed_events_only(heard: Outbox, asked: Asked, database: Database[Any]) -> None:
    destination = Destination(database)
    destination.refuses = lambda _: True

    Relay(heard, destination, takes="fresh").step()

    require_indexes(heard, asked, least=6, examined=BATCH + 1)


def test_finding_whose_turn_it_is_costs_no_more_with_more_waiting_events(
    heard: Outbox, asked: Asked, database: Database[Any]
) -> None:
    RetryJob(heard, Destination(database)).once()

    require_indexes(heard, asked, least=1, examined=TICKETS)


def test_operators_see_what_has_failed_without_looking_at_the_rest(
    heard: Outbox, asked: Asked, database: Database[Any], tickets: Tickets
) -> None:
    destination = Destination(database)
    destination.refuses = lambda event: event.ordering_key == key_of("3")
    drain(Relay(heard, destination, takes="fresh").step)
    tickets.save_many(1, 1)
    heard.queue.events.update_many({"attempts": 1}, [{"$set": {"parkedAt": "$$NOW", "noticeDueAt": "$$NOW"}}])
    asked.commands.clear()

    (parked,) = care.listing(heard.queue)
    care.listing(heard.queue, failing=True)
    care.get(heard.queue, parked.event_id)
    Notices(heard.queue, lambda _: None).send_due()
    measure(heard.queue)
    oldest_seconds(heard.queue)
    care.retry(heard.queue, parked.event_id)
    care.retry_all(heard.queue)

    require_indexes(heard, asked, least=8, examined=2)
