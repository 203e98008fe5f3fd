"""What orders know, emptied."""

import pytest
from django.test import Client
from pytest_django import Settings

from cqrs.outbox.inbox import COLLECTION as INBOX
from services.orders.ticket_view import TICKETS, TicketView, ticket_view
from users_query.mongodb import database


@pytest.fixture
def view(settings: Settings) -> TicketView:
    """A view that knows nothing yet, which the addresses keep to."""
    settings.ROOT_URLCONF = "tests.services.orders.urls"
    opened = TicketView(database())
    for name in (TICKETS, INBOX):
        database()[name].delete_many({})
    opened.prepare()
    ticket_view.open(opened)
    return opened


@pytest.fixture
def client(view: TicketView) -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)
