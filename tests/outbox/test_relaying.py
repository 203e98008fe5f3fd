"""What a relay and a retry job do with waiting events."""

from cqrs.outbox import Outbox, Relay, RetryJob
from cqrs.testing.drain import drain
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of, key_of


def test_events_are_published_in_order_and_deleted(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=7, versions=5)

    drain(Relay(outbox, destination, takes="fresh").step)

    assert destination.sequences == {key_of(str(ticket)): [1, 2, 3, 4, 5] for ticket in range(7)}
    assert tickets.waiting == []


def test_a_large_backlog_is_worked_off_in_few_calls(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    tickets.save_many(tickets=50, versions=40)

    steps = drain(Relay(outbox, destination, takes="fresh").step)

    assert steps == 4, "500 events a step"
    assert [len(call) for call in destination.calls] == [500] * 4


def test_more_tickets_than_a_batch_holds_are_all_reached(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save_many(tickets=1200, versions=1)

    steps = drain(Relay(outbox, destination, takes="fresh").step)

    assert steps == 3
    assert len(destination.sequences) == 1200


def test_data_arrives_as_it_was_given(outbox: Outbox, tickets: Tickets, destination: Destination) -> None:
    data = {"": 1, "a.b": "$price", "$set": {"$ref": "x", "$id": 2}, "n": [-0.0, 2**63 - 1, None, True]}
    tickets.save(event_of("a", 1, data=data))

    drain(Relay(outbox, destination, takes="fresh").step)

    (arrived,) = destination.given
    assert arrived.data == data
    assert str(arrived.data["n"][0]) == "-0.0"


def test_a_retry_job_leaves_new_events_to_the_relays(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save(event_of("a", 1))

    RetryJob(outbox, destination).once()

    assert destination.calls == []
