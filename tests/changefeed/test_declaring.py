"""Declaring feeds: typed, frozen, and wrong in no point that is not told."""

import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from cqrs.changefeed import (
    AlreadyStarted,
    ChangeFeeds,
    FeedChanged,
    FeedsConfig,
    InvalidFeed,
    NotConnected,
    define_feed,
    define_feeds,
)
from cqrs.retry import RetryPolicy
from tests.architecture.sources import ROOT
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import QUICK, Delivered, feed_of, wait_until_shared


def declared(**settings: Any) -> Any:
    return define_feed(**{"name": "n", "database": "d", "collection": "c", "handler": print, **settings})


def test_what_is_not_said_has_a_default() -> None:
    feed = declared()

    assert feed.operations == {"insert"}
    assert (feed.from_beginning, feed.batch, feed.shards, feed.parallel, feed.remember) == (False, False, 1, 8, False)
    assert feed.retry == RetryPolicy(max_attempts=5, base=1.0, cap=30.0, jitter=0.2)


def test_a_declaration_is_frozen() -> None:
    feed = declared()

    with pytest.raises(AttributeError):
        feed.shards = 2


def test_a_feed_of_deletions_remembers() -> None:
    assert declared(operations=["insert", "delete"]).remember


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(InvalidFeed) as caught:
        define_feed(
            name="",
            database="a b",
            collection="system.views",
            handler=None,  # type: ignore[arg-type]
            operations=["update"],
            pipeline=[{"$group": {}}, {"$match": {}, "$set": {}}],
            from_beginning=1,  # type: ignore[arg-type]
            batch_size=0,
            parallel=0,
            shards=1000,
            retry=3,  # type: ignore[arg-type]
        )

    words = ["name", "database", "collection", "handler", "operations", "pipeline", "pipeline", "from_beginning"]
    assert [mistake.split(" ")[0] for mistake in caught.value.mistakes] == [
        *words,
        "batch_size",
        "parallel",
        "shards",
        "retry",
    ]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"operations": ["insert", "drop"]}, "operations"),
        ({"operations": []}, "operations"),
        ({"operations": ["insert", "delete"], "remember": False}, "remember"),
        ({"collection": "a$b"}, "collection"),
        ({"collection": ""}, "collection"),
        ({"pipeline": "[]"}, "pipeline"),
        ({"pipeline": [{}]}, "pipeline"),
        ({"batch": "yes"}, "batch"),
        ({"shards": True}, "shards"),
    ],
)
def test_a_mistake_is_told(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidFeed, match=told):
        declared(**settings)


def test_address_and_database_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://user:secret@somewhere")
    monkeypatch.setenv("CHANGE_FEEDS_DATABASE", "kept-here")

    config = define_feeds()

    assert config.database == "kept-here"
    assert "secret" not in repr(config)


def test_a_bad_address_is_told_without_being_repeated() -> None:
    with pytest.raises(InvalidFeed) as caught:
        define_feeds(mongo_uri="http://user:secret@somewhere", database="a/b")

    assert len(caught.value.mistakes) == 2
    assert "secret" not in str(caught.value)


def test_a_feed_is_started_once_in_a_process(feeds: ChangeFeeds, readings: Documents) -> None:
    feed = feed_of(readings.database.name, Delivered())
    feeds.start(feed)

    with pytest.raises(AlreadyStarted):
        feeds.start(feed)


@pytest.mark.parametrize("change", [{"collection": "other"}, {"database": "other"}])
def test_a_name_stands_for_one_collection(feeds: ChangeFeeds, readings: Documents, change: dict[str, Any]) -> None:
    feed = feed_of(readings.database.name, Delivered())
    feeds.start(feed).stop()

    with pytest.raises(FeedChanged) as caught:
        feeds.start(msgspec.structs.replace(feed, **change))

    assert caught.value.declared != caught.value.stored


def test_the_number_of_shards_is_that_of_the_first_start(feeds: ChangeFeeds, readings: Documents) -> None:
    feed = feed_of(readings.database.name, Delivered(), shards=2)
    feeds.start(feed, timing=QUICK).stop()

    again = feeds.start(msgspec.structs.replace(feed, shards=5), timing=QUICK)

    wait_until_shared(again, shards=2)
    assert set(again.shards()) == {0, 1}


def test_a_pipeline_that_mongodb_refuses_is_told_at_the_start(feeds: ChangeFeeds, readings: Documents) -> None:
    feed = feed_of(readings.database.name, Delivered(), pipeline=[{"$match": {"n": {"$grater": 1}}}])

    with pytest.raises(InvalidFeed, match=r"pipeline.*\$grater"):
        feeds.start(feed)


def test_before_connecting_nothing_can_be_started(feeds_config: FeedsConfig) -> None:
    with pytest.raises(NotConnected):
        ChangeFeeds(feeds_config).start(feed_of("d", Delivered()))


def test_it_can_be_used_without_django(feeds_config: FeedsConfig) -> None:
    program = """
import sys
from cqrs.changefeed import ChangeFeeds, define_feeds
with ChangeFeeds(define_feeds()) as feeds:
    print(feeds.is_connected, *sorted({"django", "psycopg"} & set(sys.modules)))
"""
    environment = {
        "PATH": os.environ["PATH"],
        "MONGODB_URI": feeds_config.mongo_uri,
        "CHANGE_FEEDS_DATABASE": feeds_config.database,
    }

    output = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, env=environment, text=True)

    assert output.split() == ["True"]
