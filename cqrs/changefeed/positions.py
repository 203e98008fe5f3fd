"""The stored position of a feed's shard, and what is stored together with it: letters, and what is remembered.

It is a position as the broker's groups have them, with the point to go on from beside it: so the epoch of the claim
guards both.
"""

from collections.abc import Sequence

from bson import Int64, MinKey
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from cqrs.broker import dead_letters
from cqrs.broker import positions as group_positions
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.positions import Claim
from cqrs.broker.store import Store, counter_id
from cqrs.broker.transaction import in_transaction
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.errors import FeedChanged
from cqrs.changefeed.handled_keys import HANDLED, HandledKeys
from cqrs.changefeed.letters import record_of
from cqrs.changefeed.resume_point import Point, Reason, Scan, point_of, stored
from cqrs.changefeed.schedule import Entry, State
from cqrs.changefeed.stream import token_now
from cqrs.clock import now

FEEDS = "feeds"
# What a group finds as the end of a shard, behind which no position may lie: changes are not counted beforehand.
NO_END = Int64(2**63 - 1)


class Unheld(Exception):
    """The letters of a key are gone, so the entry has nothing to wait behind."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__("the key has no letter any more")


def prepare(store: Store) -> None:
    """Create what is missing of collections and indexes. Raises Unavailable."""
    with translated():
        store.prepare()
        store.create_collection(FEEDS)
        store.create_collection(HANDLED)


def establish(store: Store, feed: FeedConfig, database: Database[Document]) -> None:
    """Fix where a new feed starts: nothing that is stored after this has returned is missed. What is stored holds.

    Raises FeedChanged, Unavailable.
    """
    with translated():
        _require_same(store, feed)
        if store.positions.count_documents(_without_point(feed), limit=1) == 0 and _is_complete(store, feed):
            return
        # Before anything is scanned, and before anybody can claim a shard.
        begin = stored(Point(token=token_now(database), scan=_first_scan(feed)))
        for shard in range(feed.shards):
            counter = {"_id": counter_id(feed.topic, shard)}
            store.counters.update_one(counter, {"$setOnInsert": {"next": NO_END}}, upsert=True)
        group_positions.establish(store, group=feed.name, topic=feed.topic, from_beginning=False)
        store.positions.update_many(_without_point(feed), {"$set": {"point": begin, "committed": Int64(0)}})


def read(store: Store, claim: Claim) -> Point:
    """Return where the shard goes on. Raises Unavailable."""
    with translated():
        document = store.positions.find_one(
            {"_id": {"group": claim.group, "topic": claim.topic, "partition": claim.partition}}
        )
    assert document is not None, "whoever claims a shard has established the feed"
    return point_of(document["point"])


def commit(store: Store, claim: Claim, entries: Sequence[Entry], handled: HandledKeys | None) -> None:
    """Have the shard go on behind these entries, with the letters among them, or none of it.

    Raises Unheld where one of them need not wait, Fenced where the claim holds no more, and Unavailable.
    """
    last = entries[-1]
    fields = {"committed": Int64(last.following), "point": stored(last.point)}

    def work(session: ClientSession) -> None:
        for entry in entries:
            _store_letter(store, claim, entry, session)
        if handled is not None:
            handled.remember([entry.change for entry in entries if entry.change is not None], session=session)
        group_positions.write(store, claim, fields, session=session)

    if handled is None and all(entry.state is State.DONE for entry in entries):
        group_positions.write(store, claim, fields)
    else:
        in_transaction(store, work)


def _store_letter(store: Store, claim: Claim, entry: Entry, session: ClientSession) -> None:
    if entry.change is None or entry.state is State.DONE:
        return
    record = record_of(entry.change, claim, entry.number, is_refused=entry.refusal is not None)
    if entry.failure is not None:
        dead_letters.add_parked(store, claim, record, entry.failure, session=session)
    elif not dead_letters.add_waiting(store, claim, record, session=session):
        raise Unheld(entry)


def _first_scan(feed: FeedConfig) -> Scan | None:
    if feed.from_beginning:
        return Scan(reason="beginning")
    # Of what is deleted while the history is lost it must be known that it was there.
    learning: Reason = "learning"
    return Scan(reason=learning) if feed.remember else None


def _require_same(store: Store, feed: FeedConfig) -> None:
    declared = {
        "database": feed.database,
        "collection": feed.collection,
        "shards": feed.shards,
        "orderedBy": feed.ordered_by,
    }
    feeds = store.database[FEEDS]
    document = feeds.find_one({"_id": feed.name})
    if document is None:
        try:
            feeds.insert_one({"_id": feed.name, **declared, "createdAt": now()})
        except DuplicateKeyError:
            document = feeds.find_one({"_id": feed.name})
    if document is None:
        return
    there = {name: document.get(name) for name in declared}
    if there != declared:
        raise FeedChanged(feed.name, stored=there, declared=declared)


def _without_point(feed: FeedConfig) -> Document:
    return {**_all_of(feed), "point": {"$exists": False}}


def _is_complete(store: Store, feed: FeedConfig) -> bool:
    return store.positions.count_documents(_all_of(feed)) == feed.shards


def _all_of(feed: FeedConfig) -> Document:
    scope = {"group": feed.name, "topic": feed.topic}
    return {"_id": {"$gt": {**scope, "partition": MinKey()}, "$lt": {**scope, "partition": Int64(2**63 - 1)}}}
