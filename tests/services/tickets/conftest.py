"""The tickets service without tickets, accounts and waiting events."""

import pytest
from django.test import Client
from pytest_django import Settings

from cqrs.outbox import Outbox
from cqrs.outbox.queue import COLLECTION as EVENTS
from services.tickets.accounts.accounts import COLLECTION as ACCOUNTS
from services.tickets.accounts.accounts import Accounts, accounts
from services.tickets.accounts.token import Tokens
from services.tickets.office import REQUESTS, TicketOffice, office
from services.tickets.ticket import COLLECTION as TICKETS
from tests.publishers.conftest import server
from tests.services.tickets.offering import new_client, signed_in
from users_query.mongodb import database

# Only one stream can have the subjects of tickets: some tests need a NATS of their own.
__all__ = ["anybody", "empty_office", "owner", "server"]

KEY = "k" * 64


@pytest.fixture
def empty_office(settings: Settings) -> TicketOffice:
    """An office with nothing in it, which the views keep to."""
    settings.ROOT_URLCONF = "tests.services.tickets.urls"
    # As strong as it has to be for a test: a real hash takes a fifth of a second.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    opened = TicketOffice(database(), Outbox(database()))
    known = Accounts(database(), Tokens(KEY, seconds=3600))
    for name in (TICKETS, REQUESTS, ACCOUNTS, EVENTS):
        database()[name].delete_many({})
    opened.prepare()
    known.prepare()
    office.open(opened)
    accounts.open(known)
    return opened


@pytest.fixture
def owner(empty_office: TicketOffice) -> Client:
    """Somebody who is signed in."""
    return signed_in()


@pytest.fixture
def anybody(empty_office: TicketOffice) -> Client:
    """Somebody who is not."""
    return new_client()
