"""Services for the tests of csbroker."""

from pathlib import Path

import pytest

from tests.csbroker.service import Service


@pytest.fixture
def empty_service(tmp_path: Path) -> Service:
    """A service that has nothing yet."""
    return Service(tmp_path)


@pytest.fixture
def service(empty_service: Service) -> Service:
    """A service with the working files that `init` writes."""
    empty_service.ok("init")
    return empty_service


@pytest.fixture
def generated(service: Service) -> Service:
    """A service with a client."""
    service.ok("generate")
    return service
