"""The broker's command line looks after the dead letters of feeds as well."""

from collections.abc import Callable
from pathlib import Path

from bson import Decimal128, ObjectId

from cqrs.changefeed import ChangeFeeds, Feed
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, Delivered
from tests.changefeed.failing import Failing, wait_for_letters
from tests.csbroker.service import Service


def test_csbroker_lists_shows_and_retries_the_letters_of_a_feed(
    feeds: ChangeFeeds, start: Callable[..., Feed], readings: Documents, tmp_path: Path
) -> None:
    config = feeds.config
    addresses = {"MONGODB_BROKER_URI": config.mongo_uri, "MONGODB_BROKER_DATABASE": config.database}
    service = Service(tmp_path, addresses)
    service.ok("init")
    delivered = Delivered(Failing(bad=3))
    start(delivered)
    document = {"_id": "bad", "sensor": ObjectId("0123456789abcdef01234567"), "value": Decimal128("6.2")}
    readings.insert_one(document)
    wait_for_letters(feeds, 1)

    (listed,) = service.ok("deadletters", "list", "--group", NAME, "--json").json
    shown = service.ok("deadletters", "show", listed["id"]).json
    service.ok("deadletters", "retry", "--group", NAME)
    delivered.wait_for(1)

    assert (listed["key"], listed["state"]) == ('"bad"', "parked")
    assert shown["value"]["document"] == {
        "_id": "bad",
        "sensor": {"$oid": "0123456789abcdef01234567"},
        "value": {"$numberDecimal": "6.2"},
    }
