"""Change feeds on databases of the test's own, which are dropped afterwards."""

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from cqrs.changefeed import ChangeFeeds, Feed, FeedsConfig, define_feeds
from tests.broker.member_process import MemberProcess
from tests.changefeed.delivered import COLLECTION, QUICK, feed_of

Documents = Collection[dict[str, Any]]


@pytest.fixture
def client() -> Iterator[MongoClient[dict[str, Any]]]:
    """Whoever writes to the watched collection: another client than the feeds'."""
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URI"], tz_aware=True, w="majority") as client:
        yield client


@pytest.fixture
def feeds_config(client: MongoClient[dict[str, Any]]) -> Iterator[FeedsConfig]:
    config = define_feeds(mongo_uri=os.environ["MONGODB_URI"], database=f"feeds_test_{uuid4().hex[:12]}")
    yield config
    client.drop_database(config.database)


@pytest.fixture
def feeds(feeds_config: FeedsConfig) -> Iterator[ChangeFeeds]:
    """Connected, with no feed yet."""
    with ChangeFeeds(feeds_config) as feeds:
        yield feeds


@pytest.fixture
def readings(client: MongoClient[dict[str, Any]]) -> Iterator[Documents]:
    """The watched collection: not there yet."""
    name = f"watched_test_{uuid4().hex[:12]}"
    yield client[name][COLLECTION]
    client.drop_database(name)


@pytest.fixture
def start(feeds: ChangeFeeds, readings: Documents) -> Callable[..., Feed]:
    """Starts a feed of the watched collection."""

    def start(handler: Callable[..., object], **settings: Any) -> Feed:
        return feeds.start(feed_of(readings.database.name, handler, **settings), timing=QUICK)

    return start


@pytest.fixture
def start_replica(feeds_config: FeedsConfig, readings: Documents) -> Iterator[Callable[..., MemberProcess]]:
    """Starts a replica and returns when its feed has started; those that are left are killed afterwards."""
    started: list[MemberProcess] = []

    def start(name: str, mode: str = "plainly") -> MemberProcess:
        arguments = [feeds_config.mongo_uri, feeds_config.database, readings.database.name, mode]
        member = MemberProcess(name, "tests.changefeed.feed_process", arguments)
        started.append(member)
        member.wait_for("started")
        return member

    yield start
    for member in started:
        member.close()
