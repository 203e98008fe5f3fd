"""A shard that is lost and won again by the same process: what is in hand is finished first, so that order holds."""

import threading

from bson import Int64

from cqrs.changefeed import Change, ChangeFeeds, Timing
from cqrs.testing.waiting import wait_until
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import NAME, feed_of

# The worker notices that it was given up before its member does.
SELDOM = Timing(heartbeat=0.5, session_timeout=10.0)


class Gates:
    """A handler that waits for each document until its gate is open, and counts the calls."""

    def __init__(self, *ids: str) -> None:
        self.gates = {one: threading.Event() for one in ids}
        self.calls: list[str] = []
        self.running: list[str] = []
        self.most = 0
        self._changing = threading.Lock()

    def __call__(self, change: Change) -> None:
        one = change.document_id
        with self._changing:
            self.calls.append(one)
            self.running.append(one)
            self.most = max(self.most, self.running.count(one))
        assert self.gates[one].wait(60)
        with self._changing:
            self.running.remove(one)


def wait_for_beats(feeds: ChangeFeeds, number: int) -> None:
    """Return when the member has taken so many turns, in each of which it claims what is free."""
    beats: set[object] = set()

    def have_been() -> bool:
        group = feeds.store.groups.find_one()
        assert group is not None
        beats.add(group["members"][0]["heartbeatAt"])
        return len(beats) > number

    wait_until(have_been, f"it has taken {number} turns")


def test_a_document_in_hand_is_not_begun_again_by_the_process_that_lost_its_shard(
    feeds: ChangeFeeds, readings: Documents
) -> None:
    gates = Gates("first", "second")
    feed = feeds.start(feed_of(readings.database.name, gates), timing=SELDOM)
    readings.insert_many([{"_id": "first"}, {"_id": "second"}])
    wait_until(lambda: len(gates.running) == 2, "both are in hand")
    epoch = feed.shards()[0].epoch

    given_up = {"$inc": {"epoch": Int64(1)}, "$set": {"owner": None}}
    feeds.store.positions.update_one({"_id.group": NAME}, given_up)
    gates.gates["first"].set()
    wait_until(lambda: gates.running == ["second"], "the first is handled")
    wait_for_beats(feeds, 3)
    gates.gates["second"].set()
    wait_until(lambda: len(gates.calls) >= 4, "both are delivered again")

    assert gates.most == 1
    assert feed.shards()[0].epoch > epoch
