"""A mongod of a test's own: with a history of about a megabyte, that can be stopped, killed and started again."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cqrs.changefeed.errors import HistoryLost
from cqrs.changefeed.stream import Stream, token_now
from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from infra.stack.mongodb import executable
from infra.stack.ports import HOST
from tests.free_ports import free_ports

UP_SECONDS = 60
ALREADY_INITIATED = 23


class ForgetfulMongoDB:
    """`uri` is its address, `client` somebody who uses it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.uri = f"mongodb://{HOST}:{port}/?directConnection=true&heartbeatFrequencyMS=500"
        self.client = MongoClient[dict[str, Any]](self.uri, serverSelectionTimeoutMS=200, tz_aware=True, w="majority")
        self._command = [
            *dying_with_parent("KILL"), str(executable()), "--dbpath", str(folder), "--port", str(port),
            "--bind_ip", HOST, "--nounixsocket", "--replSet", "forgetful", "--wiredTigerCacheSizeGB", "0.25",
            # Of its history it drops what no checkpoint needs; one is made every second.
            "--oplogSize", "1", "--syncdelay", "1",
            "--setParameter", "enableTestCommands=1", "--setParameter", "diagnosticDataCollectionEnabled=false",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_until(self._is_up, "mongod is primary", seconds=UP_SECONDS)

    def kill(self) -> None:
        """End it as kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as an operator does."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(UP_SECONDS)

    def forget(self) -> None:
        """Write until its history does not reach back to now any more."""
        database = self.client["filler"]
        token = token_now(database)

        def is_forgotten() -> bool:
            database["filler"].insert_one({"text": "x" * 300_000})
            try:
                with Stream(database, {}, after=token, await_ms=1) as stream:
                    stream.next()
            except HistoryLost:
                return True
            return False

        wait_until(is_forgotten, "the history is lost", seconds=UP_SECONDS)

    def fail(self, **how: Any) -> int:
        """Have commands fail as MongoDB's `failCommand` describes; return how many have until now."""
        return int(self.client.admin.command({"configureFailPoint": "failCommand", **how})["count"])

    def wait_until_failed(self, number: int) -> None:
        """Return when so many commands have failed, or are held before they do."""
        limit = {"timesEntered": number, "maxTimeMS": UP_SECONDS * 1000}
        self.client.admin.command({"waitForFailPoint": "failCommand", **limit})

    def close(self) -> None:
        self.client.close()
        self.kill()

    def _is_up(self) -> bool:
        # Of its own: a connection keeps in mind that the set was not there yet.
        with MongoClient[dict[str, Any]](self.uri, serverSelectionTimeoutMS=200) as client:
            try:
                client.admin.command("replSetInitiate")
            except OperationFailure as error:
                if error.code != ALREADY_INITIATED:
                    return False
            except PyMongoError:
                return False
            return bool(client.admin.command("hello")["isWritablePrimary"])


@contextmanager
def forgetful_mongodb() -> Iterator[ForgetfulMongoDB]:
    """Run one on a port of its own, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="cqrs-forgetful-mongodb-") as folder:
        mongodb = ForgetfulMongoDB(Path(folder), int(free_ports()["MONGODB_PORT"]))
        mongodb.start()
        try:
            yield mongodb
        finally:
            mongodb.close()
