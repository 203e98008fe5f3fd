"""Only the next version is applied: what is known is ignored, what leaves a gap is held until it closes."""

from functools import partial
from itertools import permutations
from random import Random
from uuid import UUID, uuid4

import msgspec
import pytest

from services.orders.known_ticket import Knowledge, KnownTicket, after, from_document
from services.orders.ticket_view import TICKETS, TicketView
from tests.services.orders.hearing import OWNER, data_of, event_of, new_ticket
from tests.threads import in_threads
from users_query.mongodb import database

ID = UUID("0193494e-3b1c-7c5a-8c52-0242ac120002")


def version(number: int) -> KnownTicket:
    return KnownTicket(id=ID, title=f"Concert {number}", price="1.00", user_id=OWNER, version=number)


def knowledge(newest: int, *held: int) -> Knowledge:
    return Knowledge(newest=version(newest) if newest else None, held=tuple(version(number) for number in held))


def known(view: TicketView, ticket_id: UUID) -> tuple[int, int]:
    """The newest version, and how many are held."""
    found = from_document(database()[TICKETS].find_one({"_id": ticket_id}))
    return found.version, len(found.held)


@pytest.mark.parametrize(
    ("before", "heard", "then"),
    [
        (knowledge(0), 1, knowledge(1)),
        (knowledge(1), 2, knowledge(2)),
        (knowledge(2), 1, knowledge(2)),
        (knowledge(2), 2, knowledge(2)),
        (knowledge(0), 2, knowledge(0, 2)),
        (knowledge(1), 3, knowledge(1, 3)),
        (knowledge(1, 3), 3, knowledge(1, 3)),
        (knowledge(1, 4), 3, knowledge(1, 3, 4)),
        (knowledge(1, 3, 4), 2, knowledge(4)),
        (knowledge(1, 3, 5), 2, knowledge(3, 5)),
        (knowledge(0, 2), 1, knowledge(2)),
    ],
)
def test_what_is_known_after_a_version_is_heard_of(before: Knowledge, heard: int, then: Knowledge) -> None:
    assert after(before, version(heard)) == then


def test_a_version_is_known_as_its_event_says(view: TicketView) -> None:
    ticket_id = new_ticket()

    view.hear(event_of(ticket_id, 1))

    assert msgspec.to_builtins(view.find(ticket_id)) == data_of(ticket_id, 1)


def test_an_event_that_comes_again_changes_nothing(view: TicketView) -> None:
    ticket_id = new_ticket()
    for version in (1, 2):
        view.hear(event_of(ticket_id, version))

    view.hear(event_of(ticket_id, 1))
    # Also where its id was forgotten in the meantime.
    view.hear(event_of(ticket_id, 1, event_id=str(uuid4())))

    assert known(view, ticket_id) == (2, 0)


def test_what_comes_too_early_is_held_until_the_gap_closes(view: TicketView) -> None:
    ticket_id = new_ticket()
    for version in (1, 4, 3):
        view.hear(event_of(ticket_id, version))
    before = known(view, ticket_id)

    view.hear(event_of(ticket_id, 2))

    assert before == (1, 2)
    assert known(view, ticket_id) == (4, 0)


def test_a_second_gap_goes_on_being_waited_for(view: TicketView) -> None:
    ticket_id = new_ticket()
    for version in (2, 4, 1):
        view.hear(event_of(ticket_id, version))

    assert known(view, ticket_id) == (2, 1)


@pytest.mark.parametrize("order", list(permutations((1, 2, 3, 4))), ids=str)
def test_any_order_with_duplicates_leads_to_the_newest_version(view: TicketView, order: tuple[int, ...]) -> None:
    ticket_id = new_ticket()

    for version in (*order, *reversed(order)):
        view.hear(event_of(ticket_id, version))

    assert known(view, ticket_id) == (4, 0)


def test_tickets_do_not_wait_for_one_another(view: TicketView) -> None:
    early, other = new_ticket(), new_ticket()

    view.hear(event_of(early, 2))
    view.hear(event_of(other, 1))

    assert (view.find(early), known(view, other)) == (None, (1, 0))
    assert [ticket.id for ticket in view.newest(10)] == [other]


def test_versions_heard_by_many_threads_at_once_leave_no_gap_and_nothing_held(view: TicketView) -> None:
    ticket_id = new_ticket()
    versions = [*range(1, 13)] * 2
    Random(7).shuffle(versions)

    in_threads([partial(view.hear, event_of(ticket_id, version)) for version in versions])

    assert known(view, ticket_id) == (12, 0)


@pytest.mark.parametrize("wrong", [{"version": 0}, {"version": "1"}, {"id": "x"}, {"price": None}])
def test_an_event_that_is_no_version_of_a_ticket_belongs_to_the_dead_letters(
    view: TicketView, wrong: dict[str, object]
) -> None:
    with pytest.raises(msgspec.ValidationError):
        view.hear(event_of(new_ticket(), 1, wrong=wrong))
