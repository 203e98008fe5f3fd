"""Services for the tests of csbroker."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, define_broker
from tests.csbroker.service import Service


@pytest.fixture
def empty_service(tmp_path: Path) -> Service:
    """A service that has nothing yet."""
    return Service(tmp_path)


@pytest.fixture(scope="session")
def first_service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with the working files that `init` writes and their client, to be copied and never changed."""
    service = Service(tmp_path_factory.mktemp("service"))
    service.ok("init")
    service.ok("generate")
    return service


@pytest.fixture
def service(first_service: Service, empty_service: Service) -> Service:
    """A service with the working files that `init` writes."""
    empty_service.folder.mkdir()
    for path in (first_service.config, first_service.payloads):
        shutil.copy(path, empty_service.folder)
    return empty_service


@pytest.fixture
def generated(first_service: Service, service: Service) -> Service:
    """A service with a client."""
    shutil.copytree(first_service.folder, service.folder, dirs_exist_ok=True)
    return service


@pytest.fixture
def database() -> Iterator[str]:
    """The name of an empty database of the test's own."""
    name = f"csbroker_test_{uuid4().hex[:12]}"
    yield name
    with MongoClient[dict[str, object]](os.environ["MONGODB_URI"]) as client:
        client.drop_database(name)


@pytest.fixture
def connected(service: Service, database: str) -> Service:
    """A service whose broker is in the database of the test."""
    addresses = {"MONGODB_BROKER_URI": os.environ["MONGODB_URI"], "MONGODB_BROKER_DATABASE": database}
    return Service(service.root, addresses)


@pytest.fixture
def broker(connected: Service) -> Iterator[Broker]:
    """The same broker, as the service uses it."""
    config = define_broker(
        mongo_uri=connected.environment["MONGODB_BROKER_URI"], database=connected.environment["MONGODB_BROKER_DATABASE"]
    )
    with Broker(config) as broker:
        yield broker
