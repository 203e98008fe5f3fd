"""A worker that follows a feed tells how far each of its shards is behind, and nothing of what it does not know."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings

from cqrs.changefeed import ChangeFeeds, FeedConfig, FeedsConfig, define_feed, define_feeds
from cqrs.testing.waiting import wait_until
from cqrs_project.following import Following
from users_query.mongodb import database


@pytest.fixture
def kept() -> Iterator[FeedsConfig]:
    config = define_feeds(mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=f"feeds_test_{uuid4().hex[:12]}")
    yield config
    database().client.drop_database(config.database)


@pytest.fixture
def feed(kept: FeedsConfig) -> FeedConfig:
    return define_feed(name="watched", database=kept.database, collection="watched", handler=print, shards=2)


def test_it_tells_of_the_shards_that_it_has_and_knows(kept: FeedsConfig, feed: FeedConfig) -> None:
    following = Following(ChangeFeeds(kept), feed)
    before = following.behind()

    following.step()
    wait_until(lambda: set(following.behind().values()) == {0.0}, "both are known")
    wait_until(lambda: following.behind().keys() == {("watched", "0"), ("watched", "1")}, "both are there")
    following.close()

    assert before == following.behind() == {}
