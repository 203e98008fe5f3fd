"""Changing into how many shards a feed is divided, while its replicas run or while none does.

The replicas are paused: each finishes what it has in hand, stores how far it has got and leaves its shards. Then one
transaction brings all shards to one point of the stream, and puts new ones in their place. That point is the oldest of
the former ones, and what they had handled behind it is kept beside it: so nothing is missed or comes again, and a crash
leaves either the former shards or the new ones.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from bson import Int64
from pymongo import ASCENDING, UpdateOne
from pymongo.client_session import ClientSession

from cqrs.broker.group_member import Timing
from cqrs.broker.membership import group_id, group_of
from cqrs.broker.mistakes import not_count
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction
from cqrs.changefeed.config import MOST_SHARDS
from cqrs.changefeed.declared import FEEDS, new_position, positions_of
from cqrs.changefeed.errors import InvalidFeed, NotResharded, UnknownFeed
from cqrs.changefeed.resume_point import Former, Point, point_of
from cqrs.changefeed.share import shard_of

# Who pauses the feed and dies keeps it from its replicas for so long.
PAUSE = timedelta(seconds=10)
PATIENCE = 30.0
LOOK_SECONDS = 0.1


def reshard(store: Store, feed: str, shards: int, *, patience: float = PATIENCE) -> int:
    """Divide the feed into `shards`, and return how many it had. Its replicas go on within a heartbeat.

    Waits `patience` seconds for what they have in hand. Raises InvalidFeed, UnknownFeed, Unavailable, and NotResharded
    where a replica does not let go or a shard is scanning: then nothing has changed.
    """
    if mistakes := not_count("shards", shards, least=1, most=MOST_SHARDS):
        raise InvalidFeed(list(mistakes))
    with translated():
        found = store.database[FEEDS].find_one({"_id": feed})
    if found is None:
        raise UnknownFeed(feed)
    former = int(found["shards"])
    if former == shards:
        return former
    resharding = _Resharding(store, found)
    try:
        resharding.wait_until_idle(patience)
        in_transaction(store, lambda session: resharding.divide(shards, session))
    finally:
        resharding.go_on()
    return former


def merged(feed: str, points: Sequence[Point]) -> Point:
    """Return the one point at which all shards of a feed may go on. Raises NotResharded."""
    first, last = min(point.token for point in points), max(point.token for point in points)
    scan = points[0].scan
    if any(point.scan != scan for point in points) or (scan is not None and scan.after is not None):
        raise NotResharded(feed, "a shard is scanning the collection; wait until that is over")
    if scan is not None:
        # None of them has begun.
        return Point(token=first, scan=scan)
    earlier = next((point.former for point in points if point.former is not None), None)
    if first == last:
        return Point(token=first, former=earlier)
    return Point(token=first, former=Former(tokens=tuple(point.token for point in points), earlier=earlier))


class _Resharding:
    """One change of the number of a feed's shards."""

    def __init__(self, store: Store, found: Document) -> None:
        self._store = store
        self._feed: str = found["_id"]
        self._former: int = found["shards"]
        self._topic = f"{found['database']}.{found['collection']}"

    def wait_until_idle(self, patience: float) -> None:
        """Pause the feed, and return when no living replica has a shard. Raises NotResharded, Unavailable."""
        deadline = time.monotonic() + patience
        while True:
            self._pause()
            busy = self._owners() & self._living()
            if not busy:
                return
            if time.monotonic() >= deadline:
                raise NotResharded(self._feed, f"{len(busy)} of its replicas still have changes in hand")
            time.sleep(LOOK_SECONDS)

    def divide(self, shards: int, session: ClientSession) -> None:
        """Put the new shards in the place of the former ones, within a transaction. Raises NotResharded."""
        store, wanted = self._store, {"_id": self._feed, "shards": self._former}
        if not store.database[FEEDS].update_one(wanted, {"$set": {"shards": shards}}, session=session).matched_count:
            raise NotResharded(self._feed, "somebody else has changed it at the same moment")
        positions = list(store.positions.find(self._all, session=session).sort("_id", ASCENDING))
        if len(positions) != self._former or {one["owner"] for one in positions} & self._living():
            raise NotResharded(self._feed, "a replica has taken a shard meanwhile")
        point = merged(self._feed, [point_of(one["point"]) for one in positions])
        committed = max(one["committed"] for one in positions)
        committed += self._move_letters(shards, committed, session)
        # Whoever comes back with a claim on a former shard stores nothing.
        epoch = 1 + max(one["epoch"] for one in positions)
        store.positions.delete_many(self._all, session=session)
        new = [
            new_position(self._feed, self._topic, shard, committed=committed, epoch=epoch, point=point)
            for shard in range(shards)
        ]
        store.positions.insert_many(new, session=session)

    def go_on(self) -> None:
        """Let the replicas have the shards."""
        with translated():
            self._store.database[FEEDS].update_one({"_id": self._feed}, {"$unset": {"pausedUntil": True}})

    def _pause(self) -> None:
        until = {"$add": ["$$NOW", int(PAUSE.total_seconds() * 1000)]}
        with translated():
            self._store.database[FEEDS].update_one({"_id": self._feed}, [{"$set": {"pausedUntil": until}}])

    def _owners(self) -> set[str]:
        with translated():
            return set(self._store.positions.distinct("owner", self._all)) - {None}

    def _living(self) -> set[str]:
        at_present: list[Document] = [
            {"$match": {"_id": group_id(self._feed, self._topic)}},
            {"$set": {"updatedAt": "$$NOW"}},
        ]
        with translated():
            groups = [group_of(one) for one in self._store.groups.aggregate(at_present)]
        return {member.id for group in groups for member in group.living(Timing().session_timeout)}

    def _move_letters(self, shards: int, after: int, session: ClientSession) -> int:
        """Give each letter its new shard and a number of its own behind `after`, in their order; return how many."""
        letters = self._store.dead_letters.find(
            {"group": self._feed, "topic": self._topic}, {"key": 1, "offset": 1, "partition": 1}, session=session
        )
        ordered = sorted(letters, key=lambda letter: (letter["offset"], letter["partition"]))
        moves = [
            UpdateOne(
                {"_id": letter["_id"]},
                {"$set": {"partition": shard_of(letter["key"], shards), "offset": Int64(after + place)}},
            )
            for place, letter in enumerate(ordered)
        ]
        if moves:
            self._store.dead_letters.bulk_write(moves, session=session)
        return len(moves)

    @property
    def _all(self) -> Document:
        return positions_of(self._feed, self._topic)
