"""A nats-server of a test's own, which it may kill, freeze and start again."""

import contextlib
import json
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from infra.stack.nats import executable
from tests.free_ports import free_port
from tests.waiting import wait_until

HOST = "127.0.0.1"


class NatsServer:
    """Runs in a folder, on ports that stay the same; several of them with `routes` are a cluster."""

    def __init__(self, folder: Path, *, name: str = "alone", most_bytes: int = 1 << 30) -> None:
        self.name = name
        self.port = free_port()
        self.monitor_port = free_port()
        self.route_port = free_port()
        self.routes: Sequence[int] = ()
        self._folder = folder
        self._most_bytes = most_bytes
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    def start(self) -> Self:
        """Start it; `wait_until_ready` waits for it."""
        self._folder.mkdir(exist_ok=True)
        file = self._folder / "nats.conf"
        file.write_text(self._configuration())
        log = self._folder / "nats.log"
        command = [str(executable()), "--config", str(file), "--log", str(log)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def wait_until_ready(self) -> Self:
        """Return when it is in good health, as it says itself: in a cluster it has a leader and is up to date."""
        wait_until(self._is_healthy, f"NATS {self.name} is healthy", seconds=60)
        return self

    def kill(self) -> None:
        """End it at once, as the loss of its machine would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order, and for good."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it keep its connections and do nothing."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def monitored(self, path: str) -> dict[str, Any]:
        """Return what its monitoring says at `path`."""
        with urllib.request.urlopen(f"http://{HOST}:{self.monitor_port}/{path}", timeout=2) as answer:
            said: dict[str, Any] = json.load(answer)
            return said

    def _configuration(self) -> str:
        cluster = ""
        if self.routes:
            routes = ", ".join(f'"nats-route://{HOST}:{port}"' for port in self.routes)
            cluster = f'cluster {{ name: "test", listen: "{HOST}:{self.route_port}", routes: [{routes}] }}'
        return f"""\
listen: "{HOST}:{self.port}"
http: "{HOST}:{self.monitor_port}"
server_name: "{self.name}"
jetstream {{ store_dir: {json.dumps(str(self._folder))}, sync_interval: always, max_file_store: {self._most_bytes} }}
{cluster}
"""

    def _is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"NATS {self.name} has ended"
        with contextlib.suppress(OSError, socket.timeout):
            return bool(self.monitored("healthz")["status"] == "ok")
        return False

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        self._send(number)
        assert self._process is not None
        self._process.wait(60)
        self._process = None
