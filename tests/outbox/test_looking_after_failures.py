"""What humans can see of failed events, and do about them; and that they are told."""

from collections.abc import Callable
from typing import Any

import pytest

from cqrs.errors import Unavailable
from cqrs.outbox import Notice, Notices, Outbox, Relay, RetryJob
from cqrs.outbox import parked as care
from cqrs.outbox.errors import NoSuchEvent, NotFailing
from cqrs.outbox.figures import measure, oldest_seconds
from cqrs.testing.drain import drain
from cqrs.testing.waiting import wait_until
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of, key_of

Park = Callable[..., list[str]]


@pytest.fixture
def park(outbox: Outbox, tickets: Tickets, destination: Destination) -> Park:
    """Has the first events of so many tickets refused until they are parked, and returns their ids."""

    def park(number: int, **settings: Any) -> list[str]:
        tickets.save_many(tickets=number, versions=2)
        destination.refuses = lambda event: event.sequence == 1
        drain(Relay(outbox, destination, takes="fresh").step)
        job = RetryJob(outbox, destination, **settings)

        def is_parked() -> bool:
            job.once()
            return len(care.listing(outbox.queue)) == number

        wait_until(is_parked, "they are parked")
        destination.refuses = lambda _: False
        return sorted(event.event_id for event in care.listing(outbox.queue))

    return park


def test_parked_events_are_listed_page_by_page(outbox: Outbox, park: Park) -> None:
    ids = park(3)

    first = care.listing(outbox.queue, limit=2)
    rest = care.listing(outbox.queue, after=first[-1].event_id)

    assert [event.event_id for event in [*first, *rest]] == ids
    assert {(event.state, event.attempts, len(event.failures)) for event in first} == {("parked", 3, 3)}


def test_failing_events_are_listed_where_that_is_asked_for(
    outbox: Outbox, tickets: Tickets, destination: Destination
) -> None:
    tickets.save(event_of("a", 1), event_of("b", 1))
    destination.refuses = lambda event: event.ordering_key == key_of("a")
    drain(Relay(outbox, destination, takes="fresh").step)

    (failing,) = care.listing(outbox.queue, failing=True)

    assert care.listing(outbox.queue) == []
    assert (failing.aggregate_id, failing.state, failing.attempts) == ("a", "failing", 1)


def test_a_retried_event_is_published_and_those_behind_it(
    outbox: Outbox, park: Park, tickets: Tickets, destination: Destination
) -> None:
    (event_id,) = park(1)

    care.retry(outbox.queue, event_id)

    retried = care.get(outbox.queue, event_id)
    RetryJob(outbox, destination).once()
    assert (retried.state, retried.attempts, len(retried.failures)) == ("failing", 0, 3)
    assert destination.sequences == {key_of("0"): [1, 2]}
    assert tickets.waiting == []


def test_all_parked_events_are_retried_at_once(
    outbox: Outbox, park: Park, tickets: Tickets, destination: Destination
) -> None:
    park(4)

    assert care.retry_all(outbox.queue) == 4

    RetryJob(outbox, destination).once()
    assert tickets.waiting == []


def test_those_behind_a_discarded_event_go_on(
    outbox: Outbox, park: Park, tickets: Tickets, destination: Destination
) -> None:
    (event_id,) = park(1)

    care.discard(outbox.queue, event_id)

    drain(Relay(outbox, destination, takes="fresh").step)
    assert destination.sequences == {key_of("0"): [2]}
    assert tickets.waiting == []


def test_what_is_about_to_be_published_is_left_alone(outbox: Outbox, tickets: Tickets) -> None:
    event = event_of("a", 1)
    tickets.save(event)

    for act in (care.retry, care.discard):
        with pytest.raises(NotFailing):
            act(outbox.queue, event.event_id)
        with pytest.raises(NoSuchEvent):
            act(outbox.queue, "another")

    assert care.get(outbox.queue, event.event_id).state == "waiting"


def test_figures_tell_how_it_is_doing(outbox: Outbox, park: Park, tickets: Tickets) -> None:
    park(2)

    figures = measure(outbox.queue)

    assert (figures.waiting, figures.failing, figures.parked) == (4, 0, 2)
    assert oldest_seconds(outbox.queue) > 0


def test_an_empty_outbox_has_no_age(outbox: Outbox) -> None:
    assert oldest_seconds(outbox.queue) == 0


def test_each_parked_event_is_told_of_once(outbox: Outbox, park: Park) -> None:
    told: list[Notice] = []

    ids = park(3, notices=Notices(outbox.queue, told.append))
    Notices(outbox.queue, told.append).send_due()

    assert sorted(notice.event_id for notice in told) == ids
    assert {(notice.attempts, notice.error, notice.error_type) for notice in told} == {(3, "no", "refused")}


def test_a_notice_that_is_not_taken_is_sent_again_later(outbox: Outbox, park: Park) -> None:
    (event_id,) = park(1)
    told: list[Notice] = []

    def away(_: Notice) -> None:
        raise Unavailable("webhook")

    sent = Notices(outbox.queue, away).send_due()
    at_once = Notices(outbox.queue, told.append).send_due()
    outbox.queue.events.update_many({}, [{"$set": {"noticeDueAt": {"$subtract": ["$noticeDueAt", 30_000]}}}])
    later = Notices(outbox.queue, told.append).send_due()

    assert (sent, at_once, later) == (0, 0, 1)
    assert [notice.event_id for notice in told] == [event_id]


def test_one_notice_that_cannot_be_told_holds_back_no_other(outbox: Outbox, park: Park) -> None:
    first, second = park(2)
    told: list[str] = []

    def tell(notice: Notice) -> None:
        if notice.event_id == first:
            raise ValueError("refused")
        told.append(notice.event_id)

    assert Notices(outbox.queue, tell).send_due() == 1
    assert told == [second]
