"""What orders know of tickets is listed and found, and nothing else is."""

import pytest
from django.test import Client

from services.orders.ticket_view import TicketView
from tests.bad_input.refused import assert_refused
from tests.services.orders.hearing import data_of, event_of, new_ticket

URL = "/api/orders/tickets"


def test_known_tickets_are_listed_newest_first(client: Client, view: TicketView) -> None:
    tickets = sorted(new_ticket() for _ in range(3))
    for ticket_id in tickets:
        view.hear(event_of(ticket_id, 1))

    first = client.get(URL, {"limit": 2}).json()
    rest = client.get(URL, {"limit": 2, "cursor": first["nextCursor"]}).json()

    assert first["items"] + rest["items"] == [data_of(ticket_id, 1) for ticket_id in reversed(tickets)]
    assert rest["nextCursor"] is None


def test_a_known_ticket_is_found(client: Client, view: TicketView) -> None:
    ticket_id = new_ticket()
    view.hear(event_of(ticket_id, 1))

    assert client.get(f"{URL}/{ticket_id}").json() == data_of(ticket_id, 1)


@pytest.mark.parametrize("ticket_id", ["bf951e3e-aefd-4335-a330-5fcca06f100d", "no-id", "%00"])
def test_an_unknown_or_malformed_id_is_not_found(client: Client, ticket_id: str) -> None:
    assert client.get(f"{URL}/{ticket_id}").status_code == 404


@pytest.mark.parametrize("query", [{"limit": "-1"}, {"limit": "x"}, {"cursor": "nonsense"}])
def test_no_wrong_page_is_answered(client: Client, query: dict[str, str]) -> None:
    assert_refused(client.get(URL, query), 400)
