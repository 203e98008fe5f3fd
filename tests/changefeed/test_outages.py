"""Feeds through outages: cut off, met with silence, without a primary, with mongod killed. They go on by themselves."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from pymongo.errors import PyMongoError

from cqrs.changefeed import ChangeFeeds, FeedsConfig, define_feeds, letters
from cqrs.changefeed.observing import Happening
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import COLLECTION, NAME, QUICK, Delivered, feed_of, no_thread_left, wait_until_shared
from tests.changefeed.forgetful_mongodb import ForgetfulMongoDB, forgetful_mongodb
from tests.project.store_proxy import StoreProxy, before_mongodb

STEPPED_DOWN = 189
EVERYTHING = ["find", "aggregate", "getMore", "update", "findAndModify", "distinct", "commitTransaction", "insert"]


@pytest.fixture
def proxy() -> Iterator[StoreProxy]:
    """What the feeds under test reach MongoDB through."""
    with before_mongodb() as proxy:
        yield proxy


@pytest.fixture
def happened() -> list[Happening]:
    return []


@pytest.fixture
def remote(feeds_config: FeedsConfig, proxy: StoreProxy, happened: list[Happening]) -> Iterator[ChangeFeeds]:
    """Feeds behind the proxy."""
    uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
    config = define_feeds(mongo_uri=uri, database=feeds_config.database)
    with ChangeFeeds(config, observer=happened.append) as feeds:
        yield feeds
        proxy.mend()


@pytest.mark.parametrize("how", ["cut", "silence"])
def test_after_an_outage_a_feed_goes_on_where_it_was_and_says_so(
    remote: ChangeFeeds, readings: Documents, proxy: StoreProxy, happened: list[Happening], how: str
) -> None:
    delivered = Delivered()
    feed = remote.start(feed_of(readings.database.name, delivered), timing=QUICK)
    wait_until_shared(feed)
    readings.insert_many([{"_id": number} for number in range(10)])
    delivered.wait_for(10)

    getattr(proxy, how)()
    readings.insert_many([{"_id": number} for number in range(10, 20)])
    wait_until(lambda: ("reconnecting", None) in told(happened), "the outage is noticed")
    proxy.mend()
    delivered.wait_for_ids(*range(20))

    assert set(delivered.ids) == set(range(20))
    wait_until(lambda: ("reconnected", None) in told(happened), "it says that it works again")


def told(happened: list[Happening]) -> list[tuple[str, str | None]]:
    return [(one.kind, one.feed) for one in happened]


def test_a_feed_that_is_cut_off_is_taken_over_and_handles_nothing_meanwhile(
    feeds: ChangeFeeds, remote: ChangeFeeds, readings: Documents, proxy: StoreProxy
) -> None:
    mine, theirs = Delivered(), Delivered()
    wait_until_shared(remote.start(feed_of(readings.database.name, mine), timing=QUICK))

    proxy.silence()
    heir = feeds.start(feed_of(readings.database.name, theirs), timing=QUICK)
    wait_until_shared(heir)
    readings.insert_many([{"_id": number} for number in range(10)])
    theirs.wait_for(10)
    proxy.mend()
    wait_until(lambda: remote.is_connected, "it is connected again")
    readings.insert_many([{"_id": number} for number in range(10, 20)])
    wait_until(lambda: set(mine.ids + theirs.ids) >= set(range(20)), "all is handled")

    assert set(mine.ids).isdisjoint(range(10))


def test_stopping_ends_also_where_the_store_cannot_be_reached(
    remote: ChangeFeeds, readings: Documents, proxy: StoreProxy
) -> None:
    delivered = Delivered()

    with no_thread_left():
        feed = remote.start(feed_of(readings.database.name, delivered), timing=QUICK)
        wait_until_shared(feed)
        proxy.cut()
        feed.stop()

    assert not feed.is_running


@pytest.fixture(scope="module")
def mongodb() -> Iterator[ForgetfulMongoDB]:
    with forgetful_mongodb() as mongodb:
        yield mongodb


@pytest.fixture
def own(mongodb: ForgetfulMongoDB) -> Iterator[ChangeFeeds]:
    """Feeds on a mongod that may be killed."""
    config = define_feeds(mongo_uri=mongodb.uri, database=f"feeds_{uuid4().hex[:12]}")
    with ChangeFeeds(config) as feeds:
        yield feeds


@pytest.fixture
def watched(mongodb: ForgetfulMongoDB) -> Documents:
    return mongodb.client[f"watched_{uuid4().hex[:12]}"][COLLECTION]


def test_without_a_primary_no_change_is_blamed_and_nothing_is_lost(
    own: ChangeFeeds, watched: Documents, mongodb: ForgetfulMongoDB, caplog: pytest.LogCaptureFixture
) -> None:
    delivered = Delivered(lambda _: watched.database["elsewhere"].insert_one({}))
    feed = own.start(feed_of(watched.database.name, delivered), timing=QUICK)
    wait_until_shared(feed)

    watched.insert_many([{"_id": number} for number in range(10)])
    mongodb.fail(mode="alwaysOn", data={"failCommands": EVERYTHING, "errorCode": STEPPED_DOWN})
    wait_until(lambda: "change stream broken, reconnecting" in caplog.messages, "the outage is noticed")
    mongodb.fail(mode="off")
    watched.insert_many([{"_id": number} for number in range(10, 20)])
    delivered.wait_for_ids(*range(20))

    assert letters.listing(own.store, NAME) == []
    assert caplog.messages.count("change stream broken, reconnecting") == 1


def test_a_killed_mongod_loses_nothing(own: ChangeFeeds, watched: Documents, mongodb: ForgetfulMongoDB) -> None:
    delivered = Delivered()
    feed = own.start(feed_of(watched.database.name, delivered), timing=QUICK)
    wait_until_shared(feed)
    stored: list[int] = []

    def store(numbers: range) -> None:
        for number in numbers:
            watched.insert_one({"_id": number})
            stored.append(number)

    store(range(50))
    mongodb.kill()
    with pytest.raises(PyMongoError):
        store(range(50, 51))
    mongodb.start()
    retried(lambda: store(range(51, 100)))
    delivered.wait_for_ids(*stored)

    assert set(delivered.ids) >= set(stored)


def retried(call: Callable[[], Any]) -> None:
    """The writer's own client may still think that there is nobody."""

    def succeeds() -> bool:
        try:
            call()
        except PyMongoError:
            return False
        return True

    wait_until(succeeds, "it can be written again")
