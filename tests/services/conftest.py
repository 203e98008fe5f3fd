"""The services on the session's stores, emptied before each test that asks for them."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from cqrs.broker import Broker, define_broker
from cqrs_project.consuming import Consuming
from cqrs_project.services import prepare_services
from tests.services.at_work import enrolling
from users_query.mongodb import database


@pytest.fixture
def broker() -> Iterator[Broker]:
    """The services' broker, empty but for their topics; and no purchase, request or enrolment beside it."""
    config = define_broker(
        mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=settings.ENVIRONMENT.mongodb_broker_database
    )
    with Broker(config) as broker:
        for name in broker.store.database.list_collection_names():
            broker.store.database[name].delete_many({})
        for name in ("purchases", "purchase_requests", "enrolments"):
            database()[name].delete_many({})
        prepare_services()
        yield broker


@pytest.fixture
def client(broker: Broker) -> Client:
    """A client of the services that gets error answers as they are sent."""
    return Client(raise_request_exception=False)


@pytest.fixture
def at_work(broker: Broker) -> Iterator[Consuming]:
    """The classroom's consumer, which enrols."""
    with enrolling(broker) as consuming:
        yield consuming
