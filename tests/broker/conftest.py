"""A broker in a database of the test's own, which is dropped afterwards."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, BrokerConfig, define_broker


@pytest.fixture
def broker_config() -> Iterator[BrokerConfig]:
    """The configuration of a broker whose database is empty and the test's own."""
    config = define_broker(mongo_uri=os.environ["MONGODB_URI"], database=f"broker_test_{uuid4().hex[:12]}")
    yield config
    with MongoClient[dict[str, object]](config.mongo_uri) as client:
        client.drop_database(config.database)


@pytest.fixture
def broker(broker_config: BrokerConfig) -> Iterator[Broker]:
    """A connected broker."""
    with Broker(broker_config) as broker:
        yield broker
