"""Services for the tests of csbroker."""

import shutil
from pathlib import Path

import pytest

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
