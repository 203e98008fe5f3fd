"""A broker in a database of the test's own, which is dropped afterwards."""

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, BrokerConfig, ConsumerRecord, define_broker
from cqrs.broker.consumer import Consumer
from tests.broker.handled import consumer_of, make_topic


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


@pytest.fixture
def subscribe(broker: Broker) -> Callable[..., Consumer]:
    """Subscribes a consumer of the only partition."""
    make_topic(broker)

    def start(handler: Callable[[ConsumerRecord], None], **settings: Any) -> Consumer:
        consumer = consumer_of(broker, **settings)
        consumer.subscribe(handler)
        return consumer

    return start
