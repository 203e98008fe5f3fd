"""What waits between the stream and a handler is bounded by bytes, too: a few large documents are as much as many."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from cqrs.changefeed import Change, ChangeFeeds, Feed, FeedsConfig
from cqrs.changefeed.inbox import Inbox
from cqrs.changefeed.observing import Happening
from cqrs.changefeed.share import Share
from tests.changefeed.conftest import Documents
from tests.changefeed.delivered import QUICK, Delivered, feed_of, wait_until_shared

Start = Callable[..., Feed]
KILO = 1024


def event(number: int) -> dict[str, Any]:
    return {"operationType": "insert", "ns": {"coll": "readings"}, "documentKey": {"_id": number}}


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """One that has room for a hundred bytes."""
    monkeypatch.setattr("cqrs.changefeed.inbox.CAPACITY_BYTES", 100)
    return Inbox("readings", frozenset({"insert"}), Share(shard=0, shards=1), signal=threading.Event())


def test_an_inbox_is_cut_off_when_its_bytes_are_used_up(inbox: Inbox) -> None:
    inbox.offer(event(1), 60)
    inbox.offer(event(2), 40)
    before = inbox.is_cut
    inbox.offer(event(3), 1)

    taken, token = inbox.take(10, 1000)

    assert (before, inbox.is_cut, token) == (False, True, None)
    assert [one["documentKey"]["_id"] for one, _ in taken] == [1, 2]


def test_one_event_is_taken_however_large_it_is(inbox: Inbox) -> None:
    inbox.offer(event(1), 1000)

    taken, _ = inbox.take(10, 10)

    assert not inbox.is_cut
    assert [size for _, size in taken] == [1000]


def test_what_was_taken_makes_room(inbox: Inbox) -> None:
    for number in range(20):
        inbox.offer(event(number), 50)
        inbox.offer(event(number), 50)
        first, _ = inbox.take(10, 60)
        second, _ = inbox.take(10, 60)

        assert (len(first), len(second)) == (1, 1)
    assert not inbox.is_cut


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for a few documents of ten kilobytes at each place where they wait."""
    monkeypatch.setattr("cqrs.changefeed.inbox.CAPACITY_BYTES", 50 * KILO)
    monkeypatch.setattr("cqrs.changefeed.shard_worker.WINDOW_BYTES", 30 * KILO)
    monkeypatch.setattr("cqrs.changefeed.source.PAGE_BYTES", 20 * KILO)
    monkeypatch.setattr("cqrs.changefeed.scanning.PAGE_BYTES", 20 * KILO)


def large(number: int) -> dict[str, Any]:
    return {"_id": number, "text": "x" * 10 * KILO}


@pytest.mark.usefixtures("small")
def test_a_slow_feed_of_large_documents_is_behind_soon_and_gets_all_in_order(
    feeds_config: FeedsConfig, readings: Documents
) -> None:
    go_on = threading.Event()
    happened: list[Happening] = []
    delivered = Delivered(lambda _: go_on.wait(60))
    with ChangeFeeds(feeds_config, observer=happened.append) as feeds:
        feed = feeds.start(feed_of(readings.database.name, delivered, parallel=1), timing=QUICK)
        quick = Delivered()
        other = feeds.start(feed_of(readings.database.name, quick, name="other"), timing=QUICK)
        wait_until_shared(feed)
        wait_until_shared(other)

        readings.insert_many([large(number) for number in range(40)])
        # The stream has offered all of them by the time at which another feed is up to date.
        quick.wait_for(40)
        wait_until_shared(other)
        go_on.set()
        delivered.wait_for(40)

        assert delivered.ids == quick.ids == list(range(40))
        assert "alerts" in {one.feed for one in happened if one.kind == "behind"}
        wait_until_shared(feed)


@pytest.mark.usefixtures("small")
def test_a_scan_reads_no_more_than_there_is_room_for(start: Start, readings: Documents) -> None:
    readings.insert_many([large(number) for number in range(40)])
    seen: list[int] = []

    def note(change: Change) -> None:
        assert change.document is not None
        seen.append(len(change.document["text"]))

    delivered = Delivered(note)
    start(delivered, from_beginning=True, parallel=1)
    delivered.wait_for(40)

    assert delivered.ids == list(range(40))
    assert seen == [10 * KILO] * 40
