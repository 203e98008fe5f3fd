"""Events are stored with their record or not at all, as documents that anybody can read."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from pymongo.database import Database

from cqrs.context import Context, use
from cqrs.outbox import EventExists, EventTooLarge, InvalidEvent, NewEvent, NoTransaction, Outbox, OutboxSettings
from cqrs.uuid7 import moment_of
from tests.outbox.conftest import Client
from tests.outbox.tickets import Tickets, event_of


def test_an_event_is_stored_as_the_design_says(outbox: Outbox, tickets: Tickets) -> None:
    tickets.save(event_of("a", 1, event_id="e-1", headers={"x": "y"}, data={"price": "10.00"}))

    (stored,) = tickets.waiting
    lease = stored.pop("lockedUntil") - stored["createdAt"]
    assert abs(stored.pop("createdAt") - datetime.now(UTC)) < timedelta(minutes=1)
    assert lease == timedelta(seconds=10)
    assert stored == {
        "_id": "e-1",
        "subject": "tickets.a",
        "type": "ticket:created",
        "orderingKey": "ticket:a",
        "aggregate": {"type": "ticket", "id": "a", "sequence": 1},
        "data": {"price": "10.00"},
        "headers": {"x": "y"},
        "isLocked": True,
        "lockOwner": None,
        "lockToken": None,
        "failures": [],
        "attempts": 0,
        "nextAttemptAt": None,
        "parkedAt": None,
        "noticeDueAt": None,
    }


def test_an_aborted_transaction_leaves_neither_record_nor_event(
    outbox: Outbox, tickets: Tickets, client: Client
) -> None:
    with client.start_session() as session, session.start_transaction():
        client[tickets.records.database.name]["tickets"].insert_one({"ticket": "a"}, session=session)
        outbox.append(session, [event_of("a", 1)])
        session.abort_transaction()

    assert tickets.waiting == []
    assert tickets.records.count_documents({}) == 0


def test_storing_outside_of_a_transaction_is_an_error(outbox: Outbox, tickets: Tickets, client: Client) -> None:
    with client.start_session() as session, pytest.raises(NoTransaction):
        outbox.append(session, [event_of("a", 1)])

    assert tickets.waiting == []


def test_a_session_of_another_client_will_do(outbox: Outbox, tickets: Tickets) -> None:
    with Client(os.environ["MONGODB_URI"]) as other, other.start_session() as session:
        session.with_transaction(lambda session: outbox.append(session, [event_of("a", 1)]))

    assert len(tickets.waiting) == 1


def test_the_trace_at_hand_goes_along(tickets: Tickets) -> None:
    with use(Context(app_id="test", traceparent="00-1-2-01")):
        tickets.save(event_of("a", 1), event_of("b", 1, headers={"traceparent": "its own"}))

    assert [event["headers"]["traceparent"] for event in tickets.waiting] == ["00-1-2-01", "its own"]


def test_an_event_gets_an_id_that_sorts_by_time() -> None:
    assert abs(moment_of(UUID(event_of("a", 1).event_id)) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"subject": "two words"},
        {"subject": "x" * 256},
        {"aggregate_type": "a:b"},
        {"aggregate_type": ""},
        {"aggregate_id": ""},
        {"aggregate_id": "a\nb"},
        {"event_id": "x" * 201},
        {"event_type": ""},
        {"sequence": 0},
        {"sequence": 2**63},
        {"headers": {"a": "b\r\nc"}},
        {"headers": {"": "b"}},
        {"headers": {"a": 1}},
        {"data": float("nan")},
        {"data": {1: 2}},
        {"data": 2**63},
        {"data": "\ud800"},
        {"data": datetime(2030, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_cannot_be_published_is_refused_before_anything_is_written(
    changes: dict[str, Any], outbox: Outbox, tickets: Tickets
) -> None:
    with pytest.raises(InvalidEvent) as refused:
        tickets.save(event_of("a", 1), msgspec.structs.replace(event_of("b", 1), **changes))

    assert refused.value.index == 1
    assert tickets.waiting == []


def test_an_event_that_no_destination_takes_is_refused(database: Database[Any], client: Client) -> None:
    outbox = Outbox(database, settings=OutboxSettings(largest_event=1000))

    with pytest.raises(EventTooLarge) as refused, client.start_session() as session, session.start_transaction():
        outbox.append(session, [event_of("a", 1, data="x" * 1000)])

    assert (refused.value.limit, refused.value.size > 1000) == (1000, True)


@pytest.mark.parametrize(
    "second",
    [event_of("a", 2, event_id="e-1"), event_of("a", 1, event_id="e-2")],
    ids=["the same id", "the same sequence"],
)
def test_two_writers_cannot_store_the_same(second: NewEvent, tickets: Tickets) -> None:
    tickets.save(event_of("a", 1, event_id="e-1"))

    with pytest.raises(EventExists) as refused:
        tickets.save(event_of("b", 1), second)

    assert (refused.value.index, refused.value.sequence) == (1, second.sequence)
    assert [event["_id"] for event in tickets.waiting] == ["e-1"]
    assert tickets.records.count_documents({}) == 1


def test_settings_that_cannot_hold_are_told_together() -> None:
    with pytest.raises(ValueError, match=r"lease .*; batch "):
        OutboxSettings(lease=0, batch=0)
