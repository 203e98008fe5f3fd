"""nginx with the shared configuration before three stand-ins, and commands of the launcher on folders of their own."""

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.stack.layout import Layout
from infra.stack.nginx import nginx
from infra.stack.ports import HOST
from infra.stack.waiting import wait_until
from tests.free_ports import free_ports
from tests.stack.http_exchange import Answer, exchange
from tests.stack.replica_stand_in import ReplicaStandIn


@dataclass(frozen=True, slots=True)
class Proxy:
    """nginx on `port`, and what stands behind it."""

    port: int
    replicas: tuple[ReplicaStandIn, ...]

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send one request on a connection of its own."""
        lines = {"Host": f"{HOST}:{self.port}", "Connection": "close", **(headers or {})}
        if body:
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)

    def send(self, octets: bytes) -> Answer:
        """Send exactly these octets and return the answer to them."""
        return exchange(HOST, self.port, octets)

    def arrived(self) -> list[str]:
        return [request for replica in self.replicas for request in replica.requests]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder that only its owner may enter, with a path short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="cqrs-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def proxy_process() -> Iterator[Proxy]:
    ports = free_ports()
    replicas = tuple(ReplicaStandIn(int(ports[f"INSTANCE_{number}_PORT"])) for number in (1, 2, 3))
    with tempfile.TemporaryDirectory(prefix="cqrs-") as folder:
        layout = Layout(Path(folder))
        layout.create()
        program = nginx(layout, f"{HOST}:{ports['HTTP_PORT']}", [f"{HOST}:{replica.port}" for replica in replicas])
        command = [*program.run_as, *program.command]
        subprocess.run([*command, "-t", "-q"], check=True)
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: _listens(ports["HTTP_PORT"]), program="nginx", layout=layout, seconds=60)
            yield Proxy(int(ports["HTTP_PORT"]), replicas)
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def proxy(proxy_process: Proxy) -> Iterator[Proxy]:
    """nginx with all three stand-ins up and none of them marked as failed."""
    for replica in proxy_process.replicas:
        replica.requests.clear()
        replica.start()
    try:
        yield proxy_process
    finally:
        for replica in proxy_process.replicas:
            replica.stop()


def _listens(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, int(port))) == 0
