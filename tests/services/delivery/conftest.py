"""The service with its collections and its topic emptied, and what it needs at work."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from cqrs.delivery.ledger import INDEXES, Ledger
from cqrs_project.consuming import Consuming
from cqrs_project.delivery_service import Demonstration
from cqrs_project.services import _broker, prepare_services
from services.delivery import topic
from services.delivery.demo import SWITCH, DemoSwitch, Mailing, count
from services.delivery.missed_mail import MissedMail, missed_mail
from services.delivery.users import REQUESTS, Users, users
from users_query.mongodb import database


@pytest.fixture(autouse=True)
def _tracked(settings: Settings) -> None:
    """Messages are tracked, whatever the environment says."""
    environment = settings.ENVIRONMENT
    settings.ENVIRONMENT = replace(environment, delivery=replace(environment.delivery, tracking=True))
    broker = _broker(topic.broker)
    users.open(Users(broker, database()))
    missed_mail.open(MissedMail(broker))


@pytest.fixture
def ledger() -> Ledger:
    """The ledger, empty."""
    prepare_services()
    for name in (*INDEXES, SWITCH, REQUESTS):
        database()[name].delete_many({})
    broker = database().client[settings.ENVIRONMENT.mongodb_broker_database]
    for name in ("groups", "positions", "messages.create-user", "deadletters"):
        broker[name].delete_many({})
    return Ledger(database())


@pytest.fixture
def switch(ledger: Ledger) -> Iterator[DemoSwitch]:
    """The switch of the demonstration, which is left as it was."""
    switch = DemoSwitch(database())
    yield switch
    database()[SWITCH].delete_many({})


@pytest.fixture
def client(ledger: Ledger) -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)


@pytest.fixture
def demonstration(switch: DemoSwitch) -> Iterator[Demonstration]:
    """The two subscriptions, one slow for as long as the test lasts where it is told so."""
    mailing = Mailing(switch, slow_seconds=50)
    demonstration = Demonstration(
        [
            Consuming(_broker(topic.broker), topic.mailing, mailing.receive),
            Consuming(_broker(topic.broker), topic.counting, count),
        ],
        mailing,
    )
    demonstration.step()
    yield demonstration
    demonstration.close()
