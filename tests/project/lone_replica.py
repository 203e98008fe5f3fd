"""A replica of its own on the stack's stores, which it reaches only through proxies."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from infra.stack.account import dying_with_parent
from tests.free_ports import free_port
from tests.project.store_proxy import StoreProxy
from tests.running_stack import RunningStack
from tests.waiting import wait_until

# Whoever needs a store that is away is told within five seconds, and has to wait for ever where nothing bounds it.
IN_TIME = 30.0


@dataclass(frozen=True)
class Answer:
    """An answer and the seconds that it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class LoneReplica:
    """A gunicorn process with the project, and the proxies between it and its stores."""

    port: int
    postgresql: StoreProxy
    mongodb: StoreProxy
    log: Path

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        encoded = None if body is None else json.dumps(body).encode()
        named = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        began = perf_counter()
        connection.request(method, path, encoded, named)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return Answer(answer.status, dict(answer.getheaders()), content, perf_counter() - began)

    def status_of(self, path: str) -> int:
        """The status of a GET; 0 where nobody answers."""
        try:
            return self.send("GET", path).status
        except OSError:
            return 0


@contextmanager
def lone_replica(stack: RunningStack, folder: Path) -> Iterator[LoneReplica]:
    """Run a replica until the end of the block."""
    postgresql, mongodb = urlsplit(stack.env["DATABASE_URL"]), urlsplit(stack.env["MONGODB_URI"])
    port, log = free_port(), folder / "replica.log"
    with (
        StoreProxy(postgresql.hostname or "", postgresql.port or 0) as to_postgresql,
        StoreProxy(mongodb.hostname or "", mongodb.port or 0) as to_mongodb,
        log.open("wb") as output,
    ):
        before = postgresql.netloc.rpartition(":")[0]
        environment = {
            **os.environ,
            **stack.env,
            "DATABASE_URL": postgresql._replace(netloc=f"{before}:{to_postgresql.port}").geturl(),
            "MONGODB_URI": f"mongodb://127.0.0.1:{to_mongodb.port}/?directConnection=true",
            "APPID": "lone-replica",
            "BIND": f"127.0.0.1:{port}",
            "METRICS_PORT": "",
        }
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--config",
            "cqrs_project/gunicorn.py",
            "cqrs_project.wsgi:application",
        ]
        process = subprocess.Popen(
            [*dying_with_parent("TERM"), *command], cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output
        )
        replica = LoneReplica(port, to_postgresql, to_mongodb, log)
        try:
            wait_until(lambda: replica.status_of("/readyz") == 200, "the replica is ready")
            yield replica
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
