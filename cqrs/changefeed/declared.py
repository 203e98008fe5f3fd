"""What is stored of a feed itself: what its name stands for, where it starts, and how many shards it has."""

import logging

from bson import Int64, MinKey
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.membership import group_id, new_group
from cqrs.broker.mongodb import Document, translated, translated_outside
from cqrs.broker.reading import End
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.errors import FeedChanged, UnknownFeed
from cqrs.changefeed.resume_point import Point, Scan, stored
from cqrs.changefeed.stream import token_now
from cqrs.clock import now

FEEDS = "feeds"
# Changes are not counted beforehand, so no position lies behind the end of a shard.
NO_END = 2**63 - 1

logger = logging.getLogger(__name__)


def establish(store: Store, feed: FeedConfig, database: Database[Document]) -> None:
    """Fix where a new feed starts: nothing that is stored after this has returned is missed. What is stored holds.

    Raises FeedChanged, NoHistory, Unavailable.
    """
    with translated():
        there = store.database[FEEDS].find_one({"_id": feed.name})
        if there is not None:
            _require_same(feed, there)
            if store.positions.count_documents(positions_of(feed.name, feed.topic)) == there["shards"]:
                return
        # Before anything is scanned, and before anybody can claim a shard.
        begin = Point(token=token_now(database), scan=_first_scan(feed))
    in_transaction(store, lambda session: _begin(store, feed, begin, session))


def shards_of(store: Store, feed: str) -> int:
    """Return how many shards a feed has. Raises UnknownFeed, Unavailable."""
    with translated():
        there = store.database[FEEDS].find_one({"_id": feed}, {"shards": 1})
    if there is None:
        raise UnknownFeed(feed)
    return int(there["shards"])


def ends(store: Store, feed: str) -> dict[int, End]:
    """Return the shards that may be owned now, as a group knows its partitions: none while their number is changed.

    Raises Unavailable.
    """
    wanted = {"shards": 1, "isPaused": {"$gt": ["$pausedUntil", "$$NOW"]}}
    with translated():
        there = store.database[FEEDS].find_one({"_id": feed}, wanted)
    if there is None or there["isPaused"]:
        return {}
    return {shard: End(next=NO_END, topic_id=None) for shard in range(there["shards"])}


def positions_of(feed: str, topic: str) -> Document:
    """Return the condition for all positions of a feed."""
    scope = {"group": feed, "topic": topic}
    return {"_id": {"$gt": {**scope, "partition": MinKey()}, "$lt": {**scope, "partition": Int64(NO_END)}}}


def new_position(feed: str, topic: str, shard: int, *, committed: int, epoch: int, point: Point) -> Document:
    """Return the stored position of a shard that nobody owns."""
    return {
        "_id": {"group": feed, "topic": topic, "partition": shard},
        "topicId": None,
        "committed": Int64(committed),
        "epoch": Int64(epoch),
        "owner": None,
        "updatedAt": now(),
        "point": stored(point),
    }


def _begin(store: Store, feed: FeedConfig, begin: Point, session: ClientSession) -> None:
    fixed = {**_fixed(feed), "shards": feed.shards, "createdAt": now()}
    with translated_outside(session):
        there = store.database[FEEDS].find_one_and_update(
            {"_id": feed.name},
            {"$setOnInsert": fixed},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        assert there is not None, "it has been upserted"
        _require_same(feed, there)
        group = {"_id": group_id(feed.name, feed.topic)}
        store.groups.update_one(group, {"$setOnInsert": new_group()}, upsert=True, session=session)
        for shard in range(there["shards"]):
            position = new_position(feed.name, feed.topic, shard, committed=0, epoch=0, point=begin)
            place = {"_id": position.pop("_id")}
            store.positions.update_one(place, {"$setOnInsert": position}, upsert=True, session=session)


def _require_same(feed: FeedConfig, there: Document) -> None:
    declared = _fixed(feed)
    stored_so = {name: there.get(name) for name in declared}
    if stored_so != declared:
        raise FeedChanged(feed.name, stored=stored_so, declared=declared)
    if there["shards"] != feed.shards:
        counts = {"feed": feed.name, "shards": there["shards"], "declared": feed.shards}
        logger.info("change feed has another number of shards than is declared", extra=counts)


def _fixed(feed: FeedConfig) -> Document:
    return {"database": feed.database, "collection": feed.collection, "orderedBy": feed.ordered_by}


def _first_scan(feed: FeedConfig) -> Scan | None:
    if feed.from_beginning:
        return Scan(reason="beginning")
    # Of what is deleted while the history is lost it must be known that it was there.
    return Scan(reason="learning") if feed.remember else None
