"""NATS with the container's configuration file, on the server of the pip package."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest

Services = dict[str, dict[str, Any]]

NATS_SERVER = Path(sys.executable).parent / "nats-server"
# Begins with digits once its letter is gone: NATS would read it as a number.
PASSWORD = "k12e34"


class Server(NamedTuple):
    """A running server: the ports for clients and for monitoring."""

    port: int
    monitor: int


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, root: Path, free_port: Callable[[], int]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("nats")
    configuration = folder / "nats-server.conf"
    written = (root / "infra/containers/nats-server.conf").read_text()
    server = Server(free_port(), free_port())
    # The container's addresses and its volume mean nothing here; the rest stays as it is.
    for of_container, here in (
        ("0.0.0.0:4222", f"127.0.0.1:{server.port}"),
        ("127.0.0.1:8222", f"127.0.0.1:{server.monitor}"),
        ('"/data"', f'"{folder}/data"'),
    ):
        assert of_container in written
        written = written.replace(of_container, here)
    configuration.write_text(written)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [NATS_SERVER, "--config", configuration],
            env={**os.environ, "NATS_PASSWORD": PASSWORD},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_healthy(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(20)


def wait_until_healthy(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{server.monitor}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(log.read_text()[-2_000:])


def answer_to(server: Server, login: dict[str, str]) -> str:
    """Connect with the login and return the server's answer to a PING."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        lines = connection.makefile("rb")
        lines.readline()
        connection.sendall(b"CONNECT " + json.dumps({"verbose": False, **login}).encode() + b"\r\nPING\r\n")
        return lines.readline().decode().strip()


def test_the_password_of_the_environment_lets_in(server: Server) -> None:
    assert answer_to(server, {"user": "cqrs", "pass": PASSWORD}) == "PONG"


@pytest.mark.parametrize("login", [{}, {"user": "cqrs", "pass": "another"}])
def test_nobody_gets_in_without_it(server: Server, login: dict[str, str]) -> None:
    assert "Authorization Violation" in answer_to(server, login)


def test_an_acknowledged_message_is_flushed_to_disk(server: Server) -> None:
    with urlopen(f"http://127.0.0.1:{server.monitor}/jsz?config=1", timeout=5) as response:
        jetstream = json.load(response)["config"]

    assert jetstream["sync_always"] is True
    assert jetstream["store_dir"].endswith("/data/jetstream")


def test_the_container_mounts_this_file_and_asks_for_its_health(store_services: Services) -> None:
    nats = store_services["nats"]

    mounted_at = {volume.split(":")[1] for volume in nats["volumes"] if "nats-server.conf" in volume}

    assert {nats["command"][-1]} == mounted_at
    assert nats["healthcheck"]["test"][-1] == "http://127.0.0.1:8222/healthz"
