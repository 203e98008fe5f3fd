"""What is stored of a feed: by its owner only, and all of it together."""

import pytest

from cqrs.broker import Fenced
from cqrs.broker import positions as group_positions
from cqrs.broker.positions import Claim
from cqrs.broker.store import CODEC
from cqrs.changefeed import ChangeFeeds, declared, positions
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.handled_keys import HandledKeys
from cqrs.changefeed.resume_point import Point, Scan
from cqrs.changefeed.schedule import Schedule
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import Delivered, feed_of
from tests.changefeed.test_schedule import change_of
from tests.threads import in_threads


@pytest.fixture
def feed(feeds: ChangeFeeds, readings: Documents) -> FeedConfig:
    """A feed that is stored, with no replica."""
    feed = feed_of(readings.database.name, Delivered(), from_beginning=True)
    establish(feeds, feed)
    return feed


def establish(feeds: ChangeFeeds, feed: FeedConfig) -> None:
    declared.establish(feeds.store, feed, feeds.store.client.get_database(feed.database, codec_options=CODEC))


def claim(feeds: ChangeFeeds, feed: FeedConfig, member: str) -> Claim:
    seen = group_positions.of_group(feeds.store, group=feed.name, topic=feed.topic)[0]
    claimed = group_positions.claim(feeds.store, group=feed.name, topic=feed.topic, seen=seen, member=member)
    assert claimed is not None
    return claimed


def handled(number: int) -> Schedule:
    """One change that is handled."""
    schedule = Schedule(number, ())
    schedule.add(change_of("a", number), Point(token=f"{number:08}"))
    schedule.done(schedule.take(1))
    return schedule


@pytest.mark.parametrize("remembers", [False, True], ids=["one-update", "transaction"])
def test_who_was_given_up_stores_neither_a_position_nor_what_belongs_to_it(
    feeds: ChangeFeeds, feed: FeedConfig, remembers: bool
) -> None:
    zombie = claim(feeds, feed, "zombie")
    heir = claim(feeds, feed, "heir")
    memory = HandledKeys(feeds.store, feed.name)
    positions.commit(feeds.store, heir, handled(5).front(1), memory if remembers else None)

    with pytest.raises(Fenced):
        positions.commit(feeds.store, zombie, handled(7).front(1), memory if remembers else None)

    assert positions.read(feeds.store, heir) == Point(token="00000005")
    assert len(memory.page(None, 10)) == int(remembers)


def test_a_position_says_where_a_scan_goes_on(feeds: ChangeFeeds, feed: FeedConfig) -> None:
    owner = claim(feeds, feed, "owner")
    point = Point(token="01", scan=Scan(reason="history lost", phase="missing", after={"key": '"a"'}))
    schedule = Schedule(0, ())
    schedule.pass_over(point)

    positions.commit(feeds.store, owner, schedule.front(1), None)

    assert positions.read(feeds.store, owner) == point


def test_replicas_that_begin_a_feed_at_once_agree_where_it_starts(feeds: ChangeFeeds, readings: Documents) -> None:
    feed = feed_of(readings.database.name, Delivered(), name="new", shards=8)

    in_threads([lambda: establish(feeds, feed) for _ in range(6)])

    found = list(feeds.store.positions.find({"_id.group": "new"}))
    assert [position["committed"] for position in found] == [0] * 8
    assert all("token" in position["point"] for position in found)
