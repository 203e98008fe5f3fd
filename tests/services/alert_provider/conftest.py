"""The provider with an empty board."""

import pytest
from django.test import Client
from pytest_django import Settings

from services.alert_provider.behaviour import SWITCH
from services.alert_provider.provider import AlertProvider, alert_provider, new_alert_provider
from services.alert_provider.text_board import TEXTS
from tests.services.alert_provider.telling import KEY
from users_query.mongodb import database


@pytest.fixture
def provider(settings: Settings) -> AlertProvider:
    """A provider that takes what is signed with the tests' key; `/api/v1/provider` keeps to it."""
    settings.ROOT_URLCONF = "tests.services.alert_provider.urls"
    for name in (TEXTS, SWITCH):
        database()[name].delete_many({})
    opened = new_alert_provider(database(), KEY)
    opened.board.prepare()
    alert_provider.open(opened)
    return opened


@pytest.fixture
def client(provider: AlertProvider) -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)
