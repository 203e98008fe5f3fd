"""What a feed's handler saw, and feeds to see it with."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cqrs.changefeed import Change, ChangeFeeds, Feed, FeedConfig, Timing, define_feed
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until

COLLECTION = "readings"
NAME = "alerts"
QUICK = Timing(heartbeat=0.1, session_timeout=1.5)
AT_ONCE = RetryPolicy(max_attempts=3, base=0.1, cap=0.1)


class Delivered:
    """A handler that remembers its changes, and does with each what `on` says first."""

    def __init__(self, on: Callable[[Change], object] = lambda _: None) -> None:
        self.changes: list[Change] = []
        self._on = on
        self._adding = threading.Lock()

    def __call__(self, change: Change) -> None:
        self._on(change)
        with self._adding:
            self.changes.append(change)

    @property
    def ids(self) -> list[Any]:
        return [change.document_id for change in self.changes]

    @property
    def operations(self) -> list[tuple[str, Any]]:
        return [(change.operation, change.document_id) for change in self.changes]

    def of(self, document_id: Any) -> list[Any]:
        """Return what the field `n` was in each change of a document."""
        return [
            change.document["n"] for change in self.changes if change.document_id == document_id and change.document
        ]

    def wait_for(self, number: int, *, seconds: float = 60) -> None:
        wait_until(lambda: len(self.changes) >= number, f"{number} changes are delivered", seconds=seconds)

    def wait_for_ids(self, *ids: Any, seconds: float = 60) -> None:
        wait_until(lambda: set(self.ids) >= set(ids), f"{len(ids)} documents are delivered", seconds=seconds)


def feed_of(database: str, handler: Callable[..., object], **settings: Any) -> FeedConfig:
    return define_feed(
        **{
            "name": NAME,
            "database": database,
            "collection": COLLECTION,
            "handler": handler,
            "retry": AT_ONCE,
            **settings,
        }
    )


def wait_until_shared(feed: Feed, shards: int = 1) -> None:
    """Return when all shards of the feed are here and hear the shared stream."""
    wait_until(
        lambda: [info.mode for info in feed.shards().values()] == ["shared stream"] * shards,
        "the feed hears the shared stream",
    )


def stored_tokens(feeds: ChangeFeeds, name: str = NAME) -> list[str]:
    found = feeds.store.positions.find({"_id.group": name}).sort("_id", 1)
    return [position["point"]["token"] for position in found]


@contextmanager
def no_thread_left() -> Iterator[None]:
    """Whatever is done within it, nothing of its feeds is left running."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not _of_feeds() - before, "the feeds' threads have ended")


def _of_feeds() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith(("changefeed-", "broker-"))}
