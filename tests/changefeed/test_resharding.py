"""Another number of shards for a feed: while its replicas work, after they were killed, with letters, or not at all."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from cqrs.changefeed import Change, ChangeFeeds, Feed, InvalidFeed, NotResharded, UnknownFeed, letters
from cqrs.changefeed.resharding import PAUSE, merged, reshard
from cqrs.changefeed.resume_point import Former, Point, Scan, point_of, stored
from cqrs.changefeed.share import key_of, shard_of
from cqrs.testing.waiting import wait_until
from tests.broker.member_process import MemberProcess
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, Delivered, wait_until_shared
from tests.changefeed.failing import parked, wait_for_letters
from tests.changefeed.replicas import effects, newest, owners, wait_for_ids

Start = Callable[..., Feed]
StartReplica = Callable[..., MemberProcess]


def wait_until_scanned(feeds: ChangeFeeds, readings: Documents) -> None:
    """Return when it is stored of each shard that its first scan is over: until then shards stay."""
    readings.insert_many([{"_id": f"first-{number}", "n": 0} for number in range(20)])
    scanning = {"point.scan": {"$ne": None}}
    wait_until(lambda: not feeds.store.positions.count_documents(scanning), "the scans are over")


def test_replicas_go_on_with_other_shards_and_nothing_is_missed(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    readings.insert_many([{"_id": number, "n": 0} for number in range(10)])
    start_replica("one")
    start_replica("two")
    wait_until_scanned(feeds, readings)
    rounds, stop = [0], threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            rounds[0] += 1
            readings.update_many({"_id": {"$lt": 10}}, {"$set": {"n": rounds[0]}})
            readings.insert_many([{"_id": f"{rounds[0]}-{number}", "n": rounds[0]} for number in range(5)])

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        formers = []
        for shards in (5, 1, 3):
            wanted = rounds[0]
            wait_for_ids(feeds, {f"{number}-0" for number in range(1, wanted)})
            formers.append(feeds.reshard(NAME, shards))
    finally:
        stop.set()
        writer.join()
    new = {f"{number}-{one}" for number in range(1, rounds[0] + 1) for one in range(5)}
    wait_for_ids(feeds, new, seconds=60)
    wait_until(lambda: newest(feeds) == dict.fromkeys(range(10), rounds[0]), "each document's last state is handled")

    assert formers == [2, 5, 1]
    assert len(owners(feeds)) == 3


def test_after_all_replicas_were_killed_the_new_shards_go_on_where_the_former_ones_were(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    replicas = [start_replica("one"), start_replica("two")]
    wait_until_scanned(feeds, readings)
    readings.insert_many([{"_id": number, "n": 0} for number in range(200)])
    wait_until(lambda: len(effects(feeds)) >= 50, "they are in the middle of it")
    for replica in replicas:
        replica.kill()
    readings.insert_many([{"_id": number, "n": 0} for number in range(200, 300)])

    # Until they count as dead.
    former = feeds.reshard(NAME, 4)
    start_replica("heir")
    wait_for_ids(feeds, set(range(300)))

    assert (former, len(owners(feeds))) == (2, 4)


def test_what_a_former_owner_comes_back_with_is_not_stored(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    zombie = start_replica("zombie", "before")
    wait_until_scanned(feeds, readings)
    readings.insert_many([{"_id": "hang", "hang": True}, *({"_id": number} for number in range(20))])
    zombie.wait_for("in hand")
    zombie.freeze()
    feeds.reshard(NAME, 3)
    start_replica("heir")
    wait_for_ids(feeds, {"hang", *range(20)})
    wait_until(lambda: None not in owners(feeds), "all shards have an owner")

    zombie.thaw()
    zombie.go_on()
    readings.insert_many([{"_id": number} for number in range(20, 40)])
    wait_for_ids(feeds, set(range(40)))

    counts = Counter(one["id"] for one in effects(feeds))
    # What came during the first scan may have come from the stream as well.
    twice = {one for one, number in counts.items() if number > 1 and not str(one).startswith("first-")}
    assert twice <= {"hang", *range(20)}, "only what the zombie had not stored"
    assert len(owners(feeds)) == 3


def test_letters_go_with_their_keys_and_stay_in_order(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    broken = set(range(6))

    def fail(change: Change) -> None:
        if change.document_id in broken:
            raise ValueError("broken")

    delivered = Delivered(fail)
    feed = start(delivered, shards=3, operations=["insert", "update"])
    readings.insert_many([{"_id": number, "n": 0} for number in range(6)])
    wait_for_letters(feeds, 6)
    readings.update_many({}, {"$set": {"n": 1}})
    wait_for_letters(feeds, 12)

    feeds.reshard(NAME, 2)
    wait_until_shared(feed, shards=2)
    readings.update_many({}, {"$set": {"n": 2}})
    wait_for_letters(feeds, 18)
    held = parked(feeds)
    places = list(feeds.store.dead_letters.find({}, {"key": 1, "partition": 1}))
    broken.clear()
    letters.retry(feeds.store, feed.config)
    delivered.wait_for(18)

    assert Counter(state for _, _, state in held) == {"parked": 6, "waiting": 12}
    assert all(letter["partition"] == shard_of(letter["key"], 2) for letter in places)
    assert [delivered.of(number) for number in range(6)] == [[0, 1, 2]] * 6


def test_while_a_change_is_in_hand_for_long_the_shards_stay(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    go_on = threading.Event()
    delivered = Delivered(lambda _: go_on.wait(60))
    feed = start(delivered, shards=2)
    readings.insert_many([{"_id": number} for number in range(5)])
    wait_until(lambda: feeds.store.groups.find_one() is not None and feed.shards(), "it has its shards")

    with pytest.raises(NotResharded, match="in hand"):
        reshard(feeds.store, NAME, 4, patience=0.5)
    go_on.set()
    delivered.wait_for_ids(*range(5))
    wait_until_shared(feed, shards=2)
    former = feeds.reshard(NAME, 4)

    assert former == 2
    assert sorted(delivered.ids) == list(range(5))
    wait_until_shared(feed, shards=4)


def test_a_pause_that_nobody_ends_ends_by_itself(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    delivered = Delivered()
    feed = start(delivered)
    wait_until_shared(feed)
    paused = [{"$set": {"pausedUntil": {"$add": ["$$NOW", 1500]}}}]

    feeds.store.database["feeds"].update_one({"_id": NAME}, paused)
    wait_until(lambda: not feed.shards(), "the shard is left")
    readings.insert_one({"_id": 1})
    delivered.wait_for(1)

    assert PAUSE.total_seconds() >= 5, "longer than a look and a transaction take"


def test_a_feed_that_was_never_worked_on_begins_with_other_shards(
    feeds: ChangeFeeds, start: Start, readings: Documents
) -> None:
    readings.insert_many([{"_id": number} for number in range(50)])
    start(Delivered(), from_beginning=True, shards=2, pipeline=[{"$match": {"nothing": 1}}]).stop()
    feeds.store.positions.update_many(
        {}, {"$set": {"point.scan": {"reason": "beginning", "phase": "documents", "after": None}}}
    )

    feeds.reshard(NAME, 3)
    delivered = Delivered()
    feed = start(delivered, from_beginning=True, shards=2)
    delivered.wait_for(50)

    wait_until_shared(feed, shards=3)
    assert sorted(delivered.ids) == list(range(50))


def test_only_a_known_feed_gets_a_possible_number(feeds: ChangeFeeds, start: Start, readings: Documents) -> None:
    start(Delivered(), shards=2)

    with pytest.raises(UnknownFeed, match="other"):
        feeds.reshard("other", 2)
    for shards in (0, 257, True):
        with pytest.raises(InvalidFeed, match="shards"):
            feeds.reshard(NAME, shards)
    assert feeds.reshard(NAME, 2) == 2


def scanning(after: Any) -> Point:
    return Point(token="82", scan=Scan(reason="history lost", after=after))


@pytest.mark.parametrize("points", [[scanning({"_id": 1})] * 2, [scanning(None), Point(token="82")]])
def test_shards_that_scan_stay(points: list[Point]) -> None:
    with pytest.raises(NotResharded, match="scanning"):
        merged(NAME, points)


def test_the_new_shards_know_what_each_former_one_had_handled(readings: Documents) -> None:
    first = merged(NAME, [Point(token="03"), Point(token="01")])
    second = merged(NAME, [first, Point(token="02", former=first.former)])

    assert first == Point(token="01", former=Former(tokens=("03", "01")))
    assert second == Point(token="01", former=Former(tokens=("01", "02"), earlier=first.former))
    assert second.former is not None
    assert second.former.until == "03"
    assert point_of(stored(second)) == second
    assert merged(NAME, [Point(token="05")] * 3) == Point(token="05")
    assert key_of(1) == "1"
