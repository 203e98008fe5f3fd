"""A ticket and its event are stored together; only its owner changes a ticket, and only the version that he knows."""

from functools import partial
from uuid import uuid4

import pytest
from bson.decimal128 import Decimal128
from django.test import Client

from services.tickets.office import TicketOffice
from tests.services.tickets.offering import (
    CONCERT,
    TICKETS_URL,
    change,
    new_client,
    offer,
    offered,
    signed_in,
    stored_events,
    stored_tickets,
)
from tests.threads import in_threads


def test_a_ticket_is_answered_as_it_is_stored(owner: Client) -> None:
    answer = offer(owner, {"title": "  Concert ", "price": 20})

    ticket = answer.json()
    assert answer.status_code == 201
    assert list(ticket) == ["id", "title", "price", "userId", "version"]
    assert (ticket["title"], ticket["price"], ticket["version"]) == ("Concert", "20.00", 1)
    assert answer["Location"] == f"{TICKETS_URL}/{ticket['id']}"
    assert answer["ETag"] == '"1"'
    assert [stored["price"] for stored in stored_tickets()] == [Decimal128("20.00")]


@pytest.mark.parametrize(("sent", "stored"), [("0.01", "0.01"), (12.5, "12.50"), ("9999999.99", "9999999.99")])
def test_a_price_keeps_its_two_places(owner: Client, sent: object, stored: str) -> None:
    assert offered(owner, price=sent)["price"] == stored


def test_the_event_is_made_of_what_was_saved(owner: Client) -> None:
    ticket = offered(owner, title="  Concert ")

    (event,) = stored_events()
    assert event["type"] == "ticket:created"
    assert event["subject"] == f"tickets.{ticket['id']}"
    assert event["aggregate"] == {"type": "ticket", "id": ticket["id"], "sequence": 1}
    assert event["data"] == ticket
    assert event["isLocked"] is True


def test_a_change_leads_to_the_next_version_and_its_event(owner: Client) -> None:
    ticket = offered(owner)

    answer = change(owner, ticket, {"title": "Concert", "price": "25.00"}, If_Match='"1"')

    assert answer.status_code == 200
    assert answer.json() == ticket | {"price": "25.00", "version": 2}
    assert answer["ETag"] == '"2"'
    assert [(event["type"], event["aggregate"]["sequence"]) for event in stored_events()] == [
        ("ticket:created", 1),
        ("ticket:updated", 2),
    ]
    assert stored_events()[1]["data"] == answer.json()


def test_contents_that_are_there_already_lead_to_no_new_version(owner: Client) -> None:
    ticket = offered(owner)

    answer = change(owner, ticket, {"title": " Concert", "price": 20}, If_Match='"1"')

    assert answer.json() == ticket
    assert len(stored_events()) == 1


def test_a_change_needs_to_say_what_it_changes(owner: Client) -> None:
    ticket = offered(owner)

    assert change(owner, ticket, CONCERT).status_code == 428
    assert change(owner, ticket, CONCERT | {"price": "1.00"}, If_Match='"2"').status_code == 412
    assert change(owner, ticket, CONCERT | {"price": "1.00", "version": 2}).status_code == 409
    assert change(owner, ticket, CONCERT | {"price": "1.00", "version": 1}).json()["version"] == 2
    assert change(owner, ticket, CONCERT | {"price": "2.00"}, If_Match="*").json()["version"] == 3


def test_of_changes_to_one_version_at_the_same_time_one_takes_effect(owner: Client) -> None:
    ticket = offered(owner)
    bodies = [CONCERT | {"price": f"{number}.00"} for number in range(1, 9)]

    answers = in_threads([partial(change, owner, ticket, body, If_Match='"1"') for body in bodies])

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert [event["aggregate"]["sequence"] for event in stored_events()] == [1, 2]


def test_only_the_owner_changes_a_ticket(owner: Client) -> None:
    ticket = offered(owner)

    answer = change(signed_in(), ticket, CONCERT | {"price": "1.00"}, If_Match='"1"')

    assert answer.status_code == 403
    assert len(stored_events()) == 1


def test_nobody_offers_or_changes_without_signing_in(owner: Client) -> None:
    ticket = offered(owner)

    refused = [offer(new_client()), change(new_client(), ticket, CONCERT, If_Match='"1"')]

    assert [answer.status_code for answer in refused] == [401, 401]
    assert all(answer["WWW-Authenticate"] == "Bearer" for answer in refused)
    assert len(stored_tickets()) == 1


def test_anybody_reads_tickets(owner: Client, anybody: Client) -> None:
    tickets = [offered(owner, title=f"Concert {number}") for number in range(3)]

    first = anybody.get(TICKETS_URL, {"limit": 2}).json()
    rest = anybody.get(TICKETS_URL, {"limit": 2, "cursor": first["nextCursor"]}).json()

    assert first["items"] + rest["items"] == tickets[::-1]
    assert rest["nextCursor"] is None
    assert anybody.get(f"{TICKETS_URL}/{tickets[0]['id']}").json() == tickets[0]


@pytest.mark.parametrize("ticket_id", ["bf951e3e-aefd-4335-a330-5fcca06f100d", "no-id", "0", "%00", "{$ne}"])
def test_an_unknown_or_malformed_id_is_not_found(owner: Client, ticket_id: str) -> None:
    url = f"{TICKETS_URL}/{ticket_id}"

    assert owner.get(url).status_code == 404
    assert owner.put(url, CONCERT, content_type="application/json", headers={"If-Match": "*"}).status_code == 404


def test_a_request_under_its_key_stores_one_ticket(owner: Client) -> None:
    first, again = (offer(owner, Idempotency_Key="key-1") for _ in range(2))

    other = offer(owner, CONCERT | {"price": "1.00"}, Idempotency_Key="key-1")
    somebody_else = offer(signed_in(), Idempotency_Key="key-1")

    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert other.status_code == 422
    assert somebody_else.json()["id"] != first.json()["id"]
    assert len(stored_tickets()) == len(stored_events()) == 2


def test_a_key_sent_by_many_at_the_same_time_stores_one_ticket(owner: Client) -> None:
    answers = in_threads([lambda: offer(owner, Idempotency_Key="key-2")] * 8)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(stored_tickets()) == len(stored_events()) == 1


def test_an_event_that_cannot_be_stored_leaves_no_ticket(owner: Client, empty_office: TicketOffice) -> None:
    taken = offered(owner)
    # Its next event is there already, which a ticket that was restored from a backup would meet.
    events = empty_office.outbox.queue.events
    event = stored_events()[0]
    events.insert_one(event | {"_id": str(uuid4()), "aggregate": event["aggregate"] | {"sequence": 2}})

    answer = change(owner, taken, CONCERT | {"price": "1.00"}, If_Match='"1"')

    assert answer.status_code == 500
    assert [ticket["version"] for ticket in stored_tickets()] == [1]


def test_what_waits_in_the_outbox_is_looked_after_at_the_service_itself(owner: Client) -> None:
    ticket = offered(owner)
    (event,) = stored_events()

    answer = owner.get(f"/api/v1/outboxes/tickets/events/{event['_id']}")

    assert (answer.json()["aggregateId"], answer.json()["state"]) == (ticket["id"], "waiting")
    assert owner.get("/api/v1/outboxes/nothing/events").status_code == 404
