"""Groups that follow change feeds: csbroker shows who works for them, and no lag that nobody could know."""

from collections.abc import Iterator

import pytest

from cqrs.broker import Broker
from cqrs.changefeed import ChangeFeeds, define_feeds
from tests.changefeed.delivered import COLLECTION, NAME, QUICK, Delivered, feed_of
from tests.csbroker.service import Service


@pytest.fixture
def feeds(connected: Service) -> Iterator[ChangeFeeds]:
    """Feeds that are kept in the database of the service's broker."""
    environment = connected.environment
    config = define_feeds(mongo_uri=environment["MONGODB_BROKER_URI"], database=environment["MONGODB_BROKER_DATABASE"])
    with ChangeFeeds(config) as feeds:
        yield feeds


def test_a_group_of_a_feed_has_no_lag_and_csbroker_says_why(
    connected: Service, broker: Broker, feeds: ChangeFeeds
) -> None:
    watched = broker.store.database.name
    feeds.start(feed_of(watched, Delivered()), timing=QUICK)

    shown = [connected.ok("groups"), connected.ok("lag", NAME), connected.ok("group", "describe", NAME)]
    (view,) = connected.ok("lag", NAME, "--json").json

    reason = f"{NAME} on {watched}.{COLLECTION}: no lag, since nothing is counted there"
    assert all(reason in ended.err for ended in shown)
    assert shown[0].out.splitlines()[1].split("\t")[-1] == "-"
    assert view["lag"] is None
    assert {(one["committed"], one["latest"], one["lag"]) for one in view["partitions"]} == {(None, None, None)}
