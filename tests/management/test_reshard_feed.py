"""`manage.py reshard_feed` divides a change feed of this installation anew."""

import dataclasses
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from cqrs.changefeed import ChangeFeeds, define_feed, define_feeds
from tests.management.conftest import Command
from users_query.mongodb import database


@pytest.fixture
def kept(settings: Settings) -> Iterator[str]:
    """The database in which this installation keeps its feeds, with one feed of two shards."""
    name = f"feeds_test_{uuid4().hex[:12]}"
    settings.ENVIRONMENT = dataclasses.replace(django_settings.ENVIRONMENT, change_feeds_database=name)
    feed = define_feed(name="readings", database=name, collection="readings", handler=print, shards=2)
    with ChangeFeeds(define_feeds(mongo_uri=django_settings.ENVIRONMENT.mongodb_uri, database=name)) as feeds:
        feeds.start(feed).stop()
    yield name
    database().client.drop_database(name)


def test_a_feed_is_divided_anew(kept: str, command: Command) -> None:
    status, printed = command("reshard_feed", "readings", "5")

    assert (status, printed) == (0, "readings: 2 shards became 5\n")
    assert database().client[kept]["positions"].count_documents({"_id.group": "readings"}) == 5


@pytest.mark.parametrize(("arguments", "told"), [(("other", "3"), "no change feed"), (("readings", "0"), "shards")])
def test_what_cannot_be_done_is_a_line(kept: str, command: Command, arguments: tuple[str, ...], told: str) -> None:
    status, printed = command("reshard_feed", *arguments)

    assert status == 2
    assert told in printed
    assert printed.count("\n") == 1
