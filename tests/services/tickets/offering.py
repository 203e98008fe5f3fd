"""Tickets as the tests offer them."""

from typing import Any
from uuid import uuid4

from django.test import Client

from cqrs.outbox.queue import COLLECTION as EVENTS
from services.tickets.ticket import COLLECTION as TICKETS
from users_query.mongodb import database

CONCERT = {"title": "Concert", "price": "20.00"}
PASSWORD = "correct horse"
TICKETS_URL = "/api/tickets"

Answer = Any


def new_client() -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)


def sign_up(client: Client, email: str | None = None, password: str = PASSWORD) -> Answer:
    """Open an account; the client keeps the cookie."""
    credentials = {"email": email or f"{uuid4().hex}@example.org", "password": password}
    return client.post("/api/users/signup", credentials, content_type="application/json")


def signed_in() -> Client:
    """A client of somebody new who is signed in."""
    client = new_client()
    assert sign_up(client).status_code == 201
    return client


def offer(client: Client, body: object = CONCERT, **headers: str) -> Answer:
    """Send a ticket."""
    return client.post(TICKETS_URL, body, content_type="application/json", headers=headers)


def offered(client: Client, **fields: Any) -> dict[str, Any]:
    """A ticket that was taken in."""
    answer = offer(client, CONCERT | fields)
    assert answer.status_code == 201, answer.content
    ticket: dict[str, Any] = answer.json()
    return ticket


def change(client: Client, ticket: dict[str, Any], body: object, **headers: str) -> Answer:
    """Send other contents for a ticket."""
    return client.put(f"{TICKETS_URL}/{ticket['id']}", body, content_type="application/json", headers=headers)


def stored_tickets() -> list[dict[str, Any]]:
    """All tickets as they stand in MongoDB."""
    return list(database()[TICKETS].find())


def stored_events() -> list[dict[str, Any]]:
    """All events that wait to be published, by ticket and version."""
    return list(database()[EVENTS].find().sort([("orderingKey", 1), ("aggregate.sequence", 1)]))
