"""A destination that cannot be reached is nobody's failure."""

import threading
from collections.abc import Sequence

import pytest

from cqrs.errors import Unavailable
from cqrs.outbox import Outbox, Relay, RetryJob
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from cqrs.worker import Worker
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, key_of


def test_nothing_is_counted_and_everything_is_given_back(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=2, versions=2)
    destination.is_away = True

    with pytest.raises(Unavailable):
        Relay(outbox, destination, takes="fresh").step()

    assert [(e["isLocked"], e["lockOwner"], e["attempts"], e["failures"]) for e in tickets.waiting] == [
        (True, None, 0, [])
    ] * 4


def test_the_first_attempt_after_an_outage_is_with_one_event(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=5, versions=3)
    relay = Relay(outbox, destination, takes="fresh")
    destination.is_away = True
    with pytest.raises(Unavailable):
        relay.step()
    destination.calls.clear()
    destination.is_away = False

    drain(relay.step)

    alone, together, *_ = destination.calls
    assert (len(alone), len(together)) == (1, 4 * 3), "the one's ticket has its turn when the others had theirs"
    assert destination.sequences == {key_of(str(ticket)): [1, 2, 3] for ticket in range(5)}


def test_what_was_published_before_the_outage_is_settled(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=2, versions=3)

    def leave(events: Sequence[OutgoingEvent]) -> None:
        destination.is_away = True

    destination.withholds = lambda event: (event.sequence or 0) > 1
    destination.after = leave

    with pytest.raises(Unavailable):
        Relay(outbox, destination, takes="fresh").step()

    assert [event["aggregate"]["sequence"] for event in tickets.waiting] == [2, 3, 2, 3]


def test_an_event_that_has_failed_before_stays_a_failed_one(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=1, versions=1)
    destination.refuses = lambda _: True
    drain(Relay(outbox, destination, takes="fresh").step)
    destination.is_away = True
    job = RetryJob(outbox, destination)

    with pytest.raises(Unavailable):
        wait_until(job.once, "it is due")

    (event,) = tickets.waiting
    assert (event["isLocked"], event["attempts"]) == (False, 1)


def test_a_worker_waits_for_the_destination_to_come_back(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=3, versions=3)
    destination.is_away = True
    worker = Worker("relay", Relay(outbox, destination, takes="fresh"))
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_until(lambda: len(destination.calls) >= 2, "it has been asked again")

    destination.is_away = False

    wait_until(lambda: tickets.are_published, "all are published")
    worker.stop()
    thread.join(60)
    assert destination.is_closed
    assert destination.sequences == {key_of(str(ticket)): [1, 2, 3] for ticket in range(3)}
