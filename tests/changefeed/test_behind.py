"""How far a shard is behind: nothing when all is handled, growing while a change waits, unknown without MongoDB."""

import threading
from collections.abc import Callable
from uuid import uuid4

from cqrs.changefeed import ChangeFeeds, Feed, define_feeds
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import COLLECTION, QUICK, Delivered, feed_of, wait_until_shared
from tests.changefeed.forgetful_mongodb import forgetful_mongodb


def behind(feed: Feed) -> list[float | None]:
    return [info.behind for info in feed.shards().values()]


def test_it_grows_while_a_change_waits_and_is_nothing_afterwards(
    start: Callable[..., Feed], readings: Documents
) -> None:
    go_on = threading.Event()
    delivered = Delivered(lambda _: go_on.wait(60))
    feed = start(delivered)
    wait_until_shared(feed)
    at_first = behind(feed)

    readings.insert_one({"_id": 1})
    wait_until(lambda: (behind(feed)[0] or 0) > 1, "it is a second behind")
    go_on.set()
    delivered.wait_for(1)
    wait_until(lambda: behind(feed) == [0.0], "it is not behind any more")

    assert at_first == [0.0]


def test_of_a_mongodb_that_is_away_it_is_unknown() -> None:
    delivered = Delivered()
    with forgetful_mongodb() as mongodb:
        config = define_feeds(mongo_uri=mongodb.uri, database=f"feeds_{uuid4().hex[:12]}")
        with ChangeFeeds(config) as feeds:
            feed = feeds.start(feed_of("watched", delivered), timing=QUICK)
            wait_until_shared(feed)
            mongodb.kill()
            wait_until(lambda: set(behind(feed)) <= {None}, "nobody knows")

            mongodb.start()
            mongodb.client["watched"][COLLECTION].insert_one({"_id": 1})
            delivered.wait_for(1)
            wait_until(lambda: behind(feed) == [0.0], "it is known again")
