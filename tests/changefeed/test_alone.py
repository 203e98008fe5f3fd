"""A mongod that is no replica set has no change streams: that is said in a sentence, and nothing is stored."""

import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cqrs.changefeed import ChangeFeeds, NoHistory, define_feeds
from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from infra.stack.mongodb import executable
from infra.stack.ports import HOST
from tests.changefeed.delivered import Delivered, feed_of
from tests.free_ports import free_ports


@pytest.fixture
def uri() -> Iterator[str]:
    """The address of a mongod that was started without a replica set."""
    port = free_ports()["MONGODB_PORT"]
    with tempfile.TemporaryDirectory(prefix="cqrs-lone-mongodb-") as folder:
        command = [*dying_with_parent("KILL"), str(executable()), "--dbpath", folder, "--port", port]
        options = ["--bind_ip", HOST, "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]
        process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
        uri = f"mongodb://{HOST}:{port}/"
        try:
            wait_until(lambda: answers(uri), "mongod answers", seconds=60)
            yield uri
        finally:
            process.kill()
            process.wait()


def answers(uri: str) -> bool:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=200) as client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        return True


def test_a_feed_cannot_be_started_on_a_lone_mongod(uri: str) -> None:
    with (
        ChangeFeeds(define_feeds(mongo_uri=uri, database="feeds")) as feeds,
        pytest.raises(NoHistory, match=r"no replica set.*--replSet"),
    ):
        feeds.start(feed_of("watched", Delivered()))

    with MongoClient[dict[str, Any]](uri) as client:
        assert client["feeds"]["feeds"].count_documents({}) == 0
