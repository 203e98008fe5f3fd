"""A replica set of three mongods on this machine, whose primary can be made to step down or killed."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, PyMongoError

from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from infra.stack.mongodb import executable
from infra.stack.ports import HOST
from tests.free_ports import free_port

NAME = "three"
MEMBERS = 3
UP_SECONDS = 60
# Longer than the consumers' session timeout in tests: without a primary for so long, a group feels it.
ELECTION_MS = 2000
HEARTBEAT_MS = 500


class ThreeMembers:
    """`uri` is the address of the set."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes] | None] = {free_port(): None for _ in range(MEMBERS)}
        hosts = ",".join(f"{HOST}:{port}" for port in self._processes)
        self.uri = f"mongodb://{hosts}/?replicaSet={NAME}"
        self._client = MongoClient[dict[str, Any]](self.uri, connect=False)

    def start(self) -> None:
        """Start all members, make a set of them, and return when there is a primary and all follow it."""
        for port in self._processes:
            self._start(port)
        with ExitStack() as stack:
            each = [stack.enter_context(_member(port)) for port in self._processes]
            # Whoever begins the set asks all the others.
            wait_until(lambda: all(_answers(member) for member in each), "all members answer", seconds=UP_SECONDS)
            each[0].admin.command("replSetInitiate", self._configuration())
        self.wait_until_whole()

    def step_down(self) -> None:
        """Have the primary give up its place."""
        # It may close the connection before it answers.
        with suppress(AutoReconnect):
            self._client.admin.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)

    def kill_primary(self) -> None:
        """End the primary as kill -9 does."""
        self._kill(self.primary())

    def primary(self) -> int:
        """Return the port of the primary."""
        _, port = wait_until(lambda: self._client.primary, "there is a primary", seconds=UP_SECONDS)  # type: ignore[misc]
        return port

    @contextmanager
    def lone_primary(self) -> Iterator[MongoClient[dict[str, Any]]]:
        """Kill the others: what the primary writes stays with it alone. Then it is killed, and the others go on.

        Yields a client of the primary, which sees what no majority has. Freezing the others would not do: they would
        find in their sockets what it has sent them.
        """
        primary = self.primary()
        others = [port for port in self._processes if port != primary]
        try:
            for port in others:
                self._kill(port)
            with _member(primary) as client:
                yield client
        finally:
            self._kill(primary)
            for port in others:
                self._start(port)

    def wait_until_whole(self) -> None:
        """Start those that were killed, and return when one is primary and the others follow it."""
        for port, process in self._processes.items():
            if process is None:
                self._start(port)
        wait_until(self._is_whole, "one member is primary, the others follow", seconds=UP_SECONDS)

    def close(self) -> None:
        self._client.close()
        for port in self._processes:
            self._kill(port)

    def _start(self, port: int) -> None:
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        self._processes[port] = subprocess.Popen(
            [
                *dying_with_parent("KILL"), str(executable()), "--dbpath", str(folder), "--port", str(port),
                "--bind_ip", HOST, "--nounixsocket", "--replSet", NAME, "--oplogSize", "64",
                "--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=false",
                # Who steps down would name a successor, and the driver's own retry would hide the change.
                "--setParameter", "enableElectionHandoff=false",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _kill(self, port: int) -> None:
        process, self._processes[port] = self._processes[port], None
        if process is not None:
            process.kill()
            process.wait()

    def _configuration(self) -> dict[str, Any]:
        return {
            "_id": NAME,
            "members": [{"_id": number, "host": f"{HOST}:{port}"} for number, port in enumerate(self._processes)],
            "settings": {"electionTimeoutMillis": ELECTION_MS, "heartbeatIntervalMillis": HEARTBEAT_MS},
        }

    def _is_whole(self) -> bool:
        with suppress(PyMongoError):
            members = self._client.admin.command("replSetGetStatus")["members"]
            return sorted(member["stateStr"] for member in members) == ["PRIMARY", "SECONDARY", "SECONDARY"]
        return False


@contextmanager
def three_members() -> Iterator[ThreeMembers]:
    """Run them in a folder that is removed afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cqrs-three-members-"))
        members = ThreeMembers(Path(folder))
        stack.callback(members.close)
        members.start()
        yield members


def _member(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=200)


def _answers(client: MongoClient[dict[str, Any]]) -> bool:
    try:
        client.admin.command("ping")
    except PyMongoError:
        return False
    return True
