"""A broker whose messages are tracked, and the ledger of that, in a database of the test's own."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from cqrs.broker import Broker, BrokerConfig, define_broker, define_topic
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.tracking import Tracking
from tests.broker.transactions import end_transactions
from tests.delivery.processes import Processes
from tests.delivery.tracked import TOPIC


@pytest.fixture
def broker_config() -> BrokerConfig:
    return define_broker(mongo_uri=os.environ["MONGODB_URI"], database=f"delivery_test_{uuid4().hex[:12]}")


@pytest.fixture
def database(broker_config: BrokerConfig) -> Iterator[Database[Any]]:
    """The database, dropped in the end."""
    with MongoClient[dict[str, Any]](broker_config.mongo_uri, tz_aware=True, timeoutMS=10_000) as client:
        yield client[broker_config.database]
        client.drop_database(broker_config.database)


@pytest.fixture
def ledger(database: Database[Any]) -> Ledger:
    ledger = Ledger(database)
    ledger.prepare()
    return ledger


@pytest.fixture
def broker(broker_config: BrokerConfig, ledger: Ledger) -> Iterator[Broker]:
    """A connected broker with a topic, all of which is tracked."""
    with Broker(broker_config, interceptors=[Tracking(ledger, broker_database=broker_config.database)]) as broker:
        broker.topics.create(define_topic(name=TOPIC))
        yield broker


@pytest.fixture
def processes(broker_config: BrokerConfig, broker: Broker, tmp_path: Path) -> Iterator[Processes]:
    """What starts processes on the broker's database; they are killed in the end, and leave nothing open."""
    processes = Processes(broker_config, tmp_path)
    with ExitStack() as stack:
        stack.callback(end_transactions, broker)
        stack.callback(processes.close)
        yield processes
