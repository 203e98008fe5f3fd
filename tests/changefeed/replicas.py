"""What replicas in processes of their own have done: see `feed_process`."""

from typing import Any

from cqrs.changefeed import ChangeFeeds
from cqrs.testing.waiting import wait_until
from tests.changefeed.delivered import NAME


def effects(feeds: ChangeFeeds) -> list[dict[str, Any]]:
    """Return what was handled, in that order."""
    return list(feeds.store.database["effects"].find().sort("at", 1))


def wait_for_ids(feeds: ChangeFeeds, wanted: set[Any], *, seconds: float = 60) -> None:
    wait_until(lambda: {one["id"] for one in effects(feeds)} >= wanted, f"{len(wanted)} are handled", seconds=seconds)


def owners(feeds: ChangeFeeds) -> list[str | None]:
    """Return by shard who owns it."""
    return [position["owner"] for position in feeds.store.positions.find({"_id.group": NAME}).sort("_id", 1)]


def newest(feeds: ChangeFeeds) -> dict[Any, int]:
    """Return by document what was handled last of those that are updated."""
    return {one["id"]: one["n"] for one in effects(feeds) if isinstance(one["id"], int)}


def falls(feeds: ChangeFeeds, process: str) -> int:
    """Return how often a process has handled an older update of a document after a newer one.

    Not by the document: it is as it was looked up, and two streams may look at different times.
    """
    last: dict[Any, str] = {}
    found = 0
    for one in effects(feeds):
        if one["process"] == process and one["operation"] == "update":
            found += one["point"] < last.get(one["id"], "")
            last[one["id"]] = one["point"]
    return found
