"""Feeds in several processes: shared, killed, frozen. Nothing is lost, and who was given up stores nothing."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from cqrs.changefeed import ChangeFeeds
from cqrs.changefeed.share import key_of, shard_of
from cqrs.testing.waiting import wait_until
from tests.broker.member_process import MemberProcess
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, stored_tokens
from tests.changefeed.replicas import effects, falls, newest, owners, wait_for_ids

StartReplica = Callable[..., MemberProcess]
# Left alone, MongoDB keeps the locks of a killed process for sixty seconds.
TAKEOVER_SECONDS = 50
SHARDS = 2
# One document of each shard.
OF_SHARD = {shard_of(key_of(number), SHARDS): number for number in range(50)}


def handlers(feeds: ChangeFeeds) -> set[tuple[Any, str]]:
    """Return what was handled, and by which process."""
    return {(one["id"], one["process"]) for one in effects(feeds)}


def are_shared(feeds: ChangeFeeds) -> bool:
    return len(set(owners(feeds))) == SHARDS and None not in owners(feeds)


def test_replicas_share_a_feed_and_each_change_is_handled_by_one_of_them(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    start_replica("one")
    start_replica("two")
    wait_until(lambda: are_shared(feeds), "each has its shard")

    readings.insert_many([{"_id": number} for number in range(300)])
    wait_for_ids(feeds, set(range(300)))

    handled = effects(feeds)
    assert sorted(one["id"] for one in handled) == list(range(300))
    assert {one["process"] for one in handled} == {"one", "two"}


@pytest.mark.parametrize("mode", ["before", "after"])
def test_what_a_killed_replica_had_in_hand_is_handled_by_another_within_seconds(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents, mode: str
) -> None:
    victim = start_replica("victim", mode)
    readings.insert_many([{"_id": "first"}, {"_id": "hang", "hang": True}])
    victim.wait_for("in hand")
    start_replica("heir")

    victim.kill()
    readings.insert_many([{"_id": number} for number in range(20)])
    wait_for_ids(feeds, {"first", "hang", *range(20)}, seconds=TAKEOVER_SECONDS)

    wait_until(lambda: ("hang", "heir") in handlers(feeds), "it is handled again", seconds=TAKEOVER_SECONDS)
    assert (("hang", "victim") in handlers(feeds)) == (mode == "after")


def test_after_all_replicas_were_killed_the_next_goes_on_where_they_were(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    replicas = [start_replica("one"), start_replica("two")]
    readings.insert_many([{"_id": number, "n": 0} for number in range(200)])
    wait_until(lambda: len(effects(feeds)) >= 50, "they are in the middle of it")
    for replica in replicas:
        replica.kill()

    readings.insert_many([{"_id": number, "n": 0} for number in range(200, 400)])
    start_replica("heir")
    wait_for_ids(feeds, set(range(400)))

    assert {one["id"] for one in effects(feeds)} == set(range(400))


def test_a_frozen_replica_stores_nothing_after_it_was_given_up(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    zombie = start_replica("zombie", "before")
    hanging = OF_SHARD[0]
    readings.insert_one({"_id": hanging, "hang": True, "n": 0})
    zombie.wait_for("in hand")
    zombie.freeze()
    start_replica("heir")
    wait_for_ids(feeds, {hanging}, seconds=TAKEOVER_SECONDS)
    others = [number for number in range(100, 140) if shard_of(key_of(number), SHARDS) == 0]
    readings.insert_many([{"_id": number, "n": 0} for number in others])
    wait_for_ids(feeds, set(others))
    wait_until(lambda: committed(feeds)[0] >= 1 + len(others), "the heir has stored its position")
    before = stored_tokens(feeds)[0]

    zombie.thaw()
    zombie.go_on()
    wait_until(lambda: are_shared(feeds), "it takes part again", seconds=60)
    readings.insert_many([{"_id": number, "n": 0} for number in range(200, 240)])
    wait_for_ids(feeds, set(range(200, 240)))

    assert stored_tokens(feeds)[0] >= before
    twice = [one["id"] for one in effects(feeds)]
    assert {one for one in twice if twice.count(one) > 1} <= {hanging}, "only what the zombie had in hand came twice"


def test_replicas_may_come_go_and_be_killed_under_load_and_order_is_kept(
    feeds: ChangeFeeds, start_replica: StartReplica, readings: Documents
) -> None:
    readings.insert_many([{"_id": number, "n": 0} for number in range(20)])
    rounds = [0]
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            rounds[0] += 1
            readings.update_many({"_id": {"$lt": 20}}, {"$set": {"n": rounds[0]}})
            readings.insert_one({"_id": f"new-{rounds[0]}", "n": rounds[0]})

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        first, second = start_replica("first"), start_replica("second")
        wait_until(lambda: len(effects(feeds)) > 50, "they handle changes")
        left = first.leave()
        second.kill()
        start_replica("third")
        wait_until(lambda: any(one["process"] == "third" for one in effects(feeds)), "the third handles changes")
    finally:
        stop.set()
        writer.join()
    last = rounds[0]
    wait_for_ids(feeds, {f"new-{number}" for number in range(1, last + 1)})
    wait_until(lambda: newest(feeds) == dict.fromkeys(range(20), last), "each document's last state is handled")

    assert left == 0
    assert falls(feeds, "first") + falls(feeds, "third") == 0, "what was not interrupted never goes back"


def committed(feeds: ChangeFeeds) -> list[int]:
    return [position["committed"] for position in feeds.store.positions.find({"_id.group": NAME}).sort("_id", 1)]
