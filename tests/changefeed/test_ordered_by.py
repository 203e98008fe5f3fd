"""Order by a value of the document instead of by the document: kept over shards, attempts and dead letters."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from cqrs.changefeed import Change, ChangeFeeds, Feed, FeedChanged, InvalidFeed, letters
from cqrs.changefeed.share import Share, key_of
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, QUICK, Delivered, feed_of, wait_until_shared
from tests.changefeed.failing import parked, wait_for_letters

Start = Callable[..., Feed]
PATH = "sensor.id"
SENSORS = [f"sensor-{number}" for number in range(8)]


def reading(number: int, sensor: str) -> dict[str, Any]:
    return {"_id": number, "sensor": {"id": sensor}, "n": number}


def by_sensor(changes: list[Change]) -> dict[str, list[int]]:
    """Return by sensor the documents in the order in which they were delivered."""
    found: dict[str, list[int]] = defaultdict(list)
    for change in changes:
        assert change.document is not None
        found[change.document["sensor"]["id"]].append(change.document_id)
    return found


def test_the_changes_of_a_value_come_in_order_over_shards_whatever_fails(start: Start, readings: Documents) -> None:
    fails_once = set(range(0, 400, 7))

    def fail(change: Change) -> None:
        if change.document_id in fails_once:
            fails_once.remove(change.document_id)
            raise ValueError("not yet")

    delivered = Delivered(fail)
    wait_until_shared(start(delivered, ordered_by=PATH, shards=4), shards=4)

    readings.insert_many([reading(number, SENSORS[number % 8]) for number in range(400)])
    delivered.wait_for(400)

    assert by_sensor(delivered.changes) == {sensor: list(range(first, 400, 8)) for first, sensor in enumerate(SENSORS)}
    assert {change.key for change in delivered.changes} == {key_of(sensor) for sensor in SENSORS}


def test_a_dead_letter_holds_back_what_comes_later_of_its_value_and_of_no_other(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    broken = {0}

    def fail(change: Change) -> None:
        if change.document_id in broken:
            raise ValueError("broken")

    delivered = Delivered(fail)
    feed = start(delivered, ordered_by=PATH, shards=2)
    readings.insert_many([reading(number, SENSORS[number % 2]) for number in range(6)])
    delivered.wait_for_ids(1, 3, 5)
    wait_for_letters(feeds, 3)
    held = parked(feeds)
    broken.clear()

    letters.retry(feeds.store, feed.config, key=key_of(SENSORS[0]))
    delivered.wait_for(6)

    assert held == [(key_of(SENSORS[0]), "insert", state) for state in ("parked", "waiting", "waiting")]
    assert by_sensor(delivered.changes) == {SENSORS[0]: [0, 2, 4], SENSORS[1]: [1, 3, 5]}
    wait_for_letters(feeds, 0)


def test_a_scan_delivers_each_document_in_the_shard_of_its_value(start: Start, readings: Documents) -> None:
    readings.insert_many([reading(number, SENSORS[number % 8]) for number in range(300)])
    delivered = Delivered()

    start(delivered, ordered_by=PATH, shards=3, from_beginning=True)
    delivered.wait_for(300)

    assert by_sensor(delivered.changes) == {sensor: list(range(first, 300, 8)) for first, sensor in enumerate(SENSORS)}


def test_a_document_without_the_value_is_ordered_by_itself(start: Start, readings: Documents) -> None:
    delivered = Delivered()
    start(delivered, ordered_by=PATH, shards=2)

    readings.insert_many([{"_id": "none"}, {"_id": "text", "sensor": "id"}, {"_id": "null", "sensor": {"id": None}}])
    delivered.wait_for(3)

    assert {change.document_id: change.key for change in delivered.changes} == {
        "none": '"none"',
        "text": '"text"',
        "null": "null",
    }


def test_what_a_feed_that_remembers_has_handled_is_known_by_its_document(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    delivered = Delivered()
    start(delivered, ordered_by=PATH, remember=True)

    readings.insert_many([reading(number, SENSORS[0]) for number in range(5)])
    delivered.wait_for(5)

    wait_until(
        lambda: feeds.store.database["handled"].distinct("_id.key") == [str(number) for number in range(5)],
        "all are remembered",
    )


def test_a_change_whose_document_is_gone_is_every_shards() -> None:
    shares = [Share(shard=shard, shards=3, ordered_by=PATH) for shard in range(3)]

    having = [share.shard for share in shares if share.has(7, None)]
    having_it_still = [share.shard for share in shares if share.has(7, reading(7, SENSORS[0]))]

    assert (having, len(having_it_still)) == ([0, 1, 2], 1)
    assert shares[0].key(7, None) == "7"


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "$a", "a.$b", "a\0", 5, ["a"]])
def test_only_a_path_can_be_ordered_by(path: Any) -> None:
    with pytest.raises(InvalidFeed, match="ordered_by must be the path"):
        feed_of("d", Delivered(), ordered_by=path)


def test_deletions_cannot_be_ordered_by_what_they_do_not_tell() -> None:
    with pytest.raises(InvalidFeed, match="deletions"):
        feed_of("d", Delivered(), ordered_by="sensorId", operations=["insert", "delete"])


def test_a_feed_is_not_ordered_anew_silently(feeds: ChangeFeeds, readings: Documents) -> None:
    feed = feed_of(readings.database.name, Delivered(), shards=2)
    feeds.start(feed, timing=QUICK).stop()

    with pytest.raises(FeedChanged) as caught:
        feeds.start(msgspec.structs.replace(feed, ordered_by=PATH))

    assert (caught.value.feed, caught.value.stored["orderedBy"], caught.value.declared["orderedBy"]) == (
        NAME,
        None,
        PATH,
    )
