"""Processes that serve one service, as the documentation starts them: without PostgreSQL and NATS."""

import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from infra.stack.account import dying_with_parent
from tests.free_ports import free_port
from tests.waiting import wait_until

GUNICORN = ("-m", "gunicorn", "--config", "cqrs_project/gunicorn.py", "cqrs_project.wsgi:application")
OF_OTHERS = ("DATABASE_URL", "NATS_URL")


class Answer(NamedTuple):
    """A status, and the JSON that came with it; None where none came."""

    status: int
    json: Any


class LoneReplica:
    """A replica that serves one service."""

    def __init__(self, port: int, metrics_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request and return the answer, whichever it is."""
        encoded = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", encoded, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return _answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return _answer(error.code, error.read())


class LoneServices:
    """Starts the processes of services with `variables`; they end with the block, where none of them may have died."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        inherited = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
        self._variables = {**inherited, **variables}
        self._running = ExitStack()

    def __enter__(self) -> "LoneServices":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def prepare(self, service: str) -> None:
        """Create what the service needs in its stores."""
        command = [sys.executable, "manage.py", "prepare_services"]
        environment = {**self._variables, "SERVICE": service}
        subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=True, timeout=60)

    def start_all(self, commands: Sequence[str]) -> LoneReplica:
        """Do what command lines say, on other ports, and return the replica that they start."""
        replicas: list[LoneReplica] = []
        for line in commands:
            words = shlex.split(line)
            variables = dict(word.split("=", 1) for word in words if word.partition("=")[0].isupper())
            program, *arguments = words[len(variables) :]
            service = variables["SERVICE"]
            if "prepare_services" in arguments:
                self.prepare(service)
            elif program.endswith("gunicorn"):
                replicas.append(self.replica(service, ("-m", "gunicorn", *arguments)))
            else:
                self.worker(service, arguments[-1])
        (replica,) = replicas
        return replica

    def replica(self, service: str, command: tuple[str, ...] = GUNICORN) -> LoneReplica:
        """Start a replica and return when it answers."""
        port, metrics_port = free_port(), free_port()
        replica = LoneReplica(port, metrics_port)
        bound = {"BIND": f"127.0.0.1:{port}", "METRICS_PORT": str(metrics_port)}
        self._start(service, "replica", command, bound)
        wait_until(lambda: _status(f"{replica.url}/livez") == 200, f"{service} answers")
        return replica

    def worker(self, service: str, name: str, **variables: str) -> None:
        """Start a worker and return when it works."""
        port = free_port()
        bound = {"METRICS_PORT": str(port), **variables}
        self._start(service, name, ("manage.py", "run_worker", name), bound)
        wait_until(lambda: _status(f"http://127.0.0.1:{port}/metrics") == 200, f"{name} works")

    def _start(self, service: str, name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> None:
        output = self._running.enter_context((self._folder / f"{service}-{name}.log").open("wb"))
        process = subprocess.Popen(
            [*dying_with_parent("TERM"), sys.executable, *command],
            cwd=settings.BASE_DIR,
            env={**self._variables, "SERVICE": service, "APPID": f"{service}-{name}"[:63], **variables},
            stdout=output,
            stderr=output,
        )
        self._running.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None, "it works to the end"
    process.terminate()
    assert process.wait(60) == 0


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return int(answer.status)
    except OSError:
        return 0


def _answer(status: int, body: bytes) -> Answer:
    return Answer(status, json.loads(body) if body.startswith((b"{", b"[")) else None)
