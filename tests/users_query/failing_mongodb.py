"""A mongod that fails on demand: its test commands are on, which those of a shared store are not."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from infra.stack.mongodb import executable
from infra.stack.ports import HOST
from tests.free_ports import free_ports
from users_query.mongodb import Documents

UP_SECONDS = 60


class AfterInsert(CommandListener):
    """Does something once, between an insert of the application and whatever it does next."""

    def __init__(self) -> None:
        self.action: Callable[[], object] | None = None

    def started(self, event: CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if event.command_name == "insert" and self.action is not None:
            action, self.action = self.action, None
            action()

    def failed(self, event: CommandFailedEvent) -> None:
        pass


class FailingMongoDB:
    """`documents` is a collection with the options of the application; `failing` makes its writes fail.

    What `after_insert.action` is set to happens after its next insert, on a connection of its own.
    """

    def __init__(self, port: int) -> None:
        self.after_insert = AfterInsert()
        self._admin = MongoClient[dict[str, Any]](
            HOST, port, directConnection=True, uuidRepresentation="standard", serverSelectionTimeoutMS=200
        )
        self._client = MongoClient[dict[str, Any]](
            HOST,
            port,
            directConnection=True,
            uuidRepresentation="standard",
            tz_aware=True,
            w="majority",
            journal=True,
            # A server that only pretends to shut down does not tell that it is back.
            heartbeatFrequencyMS=500,
            event_listeners=[self.after_insert],
        )
        self.documents: Documents = self._client["failing"]["users"]
        self.elsewhere: Documents = self._admin["failing"]["users"]

    @contextmanager
    def failing(self, **how: Any) -> Iterator[None]:
        """Have every insert and update fail like this (see MongoDB's `failCommand`) until the block ends."""
        data = {"failCommands": ["insert", "update"], **how}
        self.set_fail_point({"mode": "alwaysOn", "data": data})
        try:
            yield
        finally:
            self.set_fail_point({"mode": "off"})

    def initiate(self) -> None:
        """Make it the primary of a replica set of one, as in production."""
        wait_until(self._answers, "mongod answers", seconds=UP_SECONDS)
        self._admin.admin.command("replSetInitiate")
        wait_until(lambda: self._admin.admin.command("hello")["isWritablePrimary"], "it is primary", seconds=UP_SECONDS)

    def close(self) -> None:
        self._client.close()
        self._admin.close()

    def set_fail_point(self, settings: dict[str, Any]) -> None:
        """Configure `failCommand` as the server documents it."""
        self._admin.admin.command({"configureFailPoint": "failCommand", **settings})

    def _answers(self) -> bool:
        try:
            self._admin.admin.command("ping")
        except PyMongoError:
            return False
        return True


@contextmanager
def failing_mongodb() -> Iterator[FailingMongoDB]:
    """Run one on a port of its own, in a folder that is removed afterwards."""
    port = int(free_ports()["MONGODB_PORT"])
    with tempfile.TemporaryDirectory(prefix="cqrs-failing-mongodb-") as folder:
        process = subprocess.Popen(
            [
                *dying_with_parent("KILL"), str(executable()), "--dbpath", folder, "--port", str(port),
                "--bind_ip", HOST, "--nounixsocket", "--replSet", "failing", "--wiredTigerCacheSizeGB", "0.25",
                "--setParameter", "enableTestCommands=1", "--setParameter", "diagnosticDataCollectionEnabled=false",
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        mongodb = FailingMongoDB(port)
        try:
            mongodb.initiate()
            yield mongodb
        finally:
            mongodb.close()
            process.kill()
            process.wait()
