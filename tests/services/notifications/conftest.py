"""The notification service with an empty outbox."""

import pytest
from django.test import Client
from pytest_django import Settings

from services.notifications.alert_outbox import NOTIFICATIONS, AlertOutbox, alert_outbox
from users_query.mongodb import database


@pytest.fixture
def outbox(settings: Settings) -> AlertOutbox:
    """An empty outbox; `/alerts` keeps to it."""
    settings.ROOT_URLCONF = "tests.services.notifications.urls"
    opened = AlertOutbox(database())
    database()[NOTIFICATIONS].delete_many({})
    opened.prepare()
    alert_outbox.open(opened)
    return opened


@pytest.fixture
def client(outbox: AlertOutbox) -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)
