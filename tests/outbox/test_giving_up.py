"""Whoever wants to know is told of an event before it is parked, and again where that does not come about."""

from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.database import Database

from cqrs.errors import Unavailable
from cqrs.outbox import Outbox, RetryJob
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.testing.waiting import wait_until
from tests.outbox.destination import Destination
from tests.outbox.tickets import SHORT_LEASES, Tickets


@pytest.fixture
def outbox(database: Database[Any]) -> Outbox:
    """Claims that are not finished are soon taken up again."""
    outbox = Outbox(database, settings=SHORT_LEASES)
    outbox.prepare()
    return outbox


class Told:
    """Keeps what it is told of, and whether that was parked already; `failures` are raised first."""

    def __init__(self, tickets: Tickets, *failures: Exception) -> None:
        self.events: list[OutgoingEvent] = []
        self.were_parked: list[bool] = []
        self._tickets = tickets
        self._failures = list(failures)

    def __call__(self, events: Sequence[OutgoingEvent]) -> None:
        self.events += events
        self.were_parked.append(any(event["parkedAt"] for event in self._tickets.waiting))
        if self._failures:
            raise self._failures.pop()


def work_until_parked(job: RetryJob, tickets: Tickets) -> None:
    def is_parked() -> bool:
        try:
            job.once()
        except Unavailable:
            return False
        return any(event["parkedAt"] for event in tickets.waiting)

    wait_until(is_parked, "the event is parked")


def test_an_event_is_told_of_once_with_its_data_before_it_is_parked(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=2, versions=2)
    destination.refuses = lambda event: event.ordering_key == "ticket:0" and event.sequence == 1
    told = Told(tickets)
    job = RetryJob(outbox, destination, giving_up=told)

    # What nobody has taken up in time is the job's.
    work_until_parked(job, tickets)

    assert [(event.ordering_key, event.sequence) for event in told.events] == [("ticket:0", 1)]
    assert told.events[0].data == {"title": "$title", "version": 1}
    assert told.were_parked == [False]


def test_it_is_told_of_again_where_that_has_failed(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=1, versions=1)
    destination.refuses = lambda _: True
    told = Told(tickets, Unavailable("mongodb"))
    job = RetryJob(outbox, destination, giving_up=told)

    work_until_parked(job, tickets)

    assert len({event.event_id for event in told.events}) == 1
    assert told.were_parked == [False, False]
    assert tickets.waiting[0]["attempts"] == SHORT_LEASES.retry.max_attempts
