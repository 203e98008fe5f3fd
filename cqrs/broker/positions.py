"""How far a group has got in each partition, who owns it, and under which epoch.

Every claim raises the epoch, and every commit names the epoch that it was claimed under: whoever was given up for dead
and comes back commits nothing. A position also names the topic that it was fixed for: where that was deleted and made
anew, the group starts again.
"""

from datetime import datetime

import msgspec
from bson import Int64, ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from cqrs.broker import reading
from cqrs.broker.config import PurgedPolicy
from cqrs.broker.errors import Fenced, TopicRemade
from cqrs.broker.membership import group_id, new_group
from cqrs.broker.mongodb import Document, translated, translated_outside
from cqrs.broker.reading import End
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction
from cqrs.broker.unhindered import unhindered
from cqrs.clock import now

TOUCH = {"updatedAt": True}


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A group's position in a partition; `committed` is the offset to read next, `owner` a member or None.

    `topic_id` is the identity of the topic that it was fixed for, None from before there were identities.
    """

    partition: int
    committed: int
    epoch: int
    owner: str | None
    topic_id: ObjectId | None
    updated_at: datetime

    def is_of_another(self, end: End) -> bool:
        """Whether it belongs to a former topic: the present one, read later, has another identity or ends before it."""
        return self.committed > end.next or (self.topic_id is not None and self.topic_id != end.topic_id)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to handle a partition, until somebody else claims it. It began at the offset `committed`."""

    group: str
    topic: str
    partition: int
    member: str
    epoch: int
    committed: int
    topic_id: ObjectId | None = None


class Restart(msgspec.Struct, frozen=True, kw_only=True):
    """A group starts again at `offset` of a topic that was made anew; it was at `former` in the one before."""

    partition: int
    former: int
    offset: int


def establish(
    store: Store, *, group: str, topic: str, from_beginning: bool, on_remade: PurgedPolicy = "earliest"
) -> tuple[Restart, ...]:
    """Fix where the group starts, once for all: nothing that is appended after this has returned is missed.

    A new group starts in every partition at the earliest retained message, or at the next one. Partitions that appear
    later, or the whole topic, are read from their beginning. Positions that are there hold, unless the topic was made
    anew: then `on_remade` decides, and the restarts are returned. Raises Unavailable, and TopicRemade with `fail`.
    """
    start = _Start(group=group, topic=topic, from_beginning=from_beginning, on_remade=on_remade)
    return in_transaction(store, lambda session: start.fix(store, session))


def of_group(store: Store, *, group: str, topic: str, session: ClientSession | None = None) -> dict[int, Position]:
    """Return the positions by partition. Raises Unavailable."""
    scope = {"group": group, "topic": topic}
    whole = {"$gte": {**scope, "partition": 0}, "$lt": {**scope, "partition": Int64(2**63 - 1)}}
    with translated_outside(session):
        found = store.positions.find({"_id": whole}, session=session).sort("_id", 1)
        return {document["_id"]["partition"]: _position(document) for document in found}


def claim(store: Store, *, group: str, topic: str, seen: Position, member: str) -> Claim | None:
    """Own the partition under the next epoch; None where it is not as it was `seen` any more. Raises Unavailable."""
    wanted = {"_id": _position_id(group, topic, seen.partition), "epoch": seen.epoch, "owner": seen.owner}
    change = {"$inc": {"epoch": Int64(1)}, "$set": {"owner": member}, "$currentDate": TOUCH}

    def write() -> Document | None:
        return store.positions.find_one_and_update(wanted, change, return_document=ReturnDocument.AFTER)

    with translated():
        # A handler's transaction writes the position last: one that holds it and does not end was frozen at its commit.
        document = unhindered(store, write, handlers_too=True)
    if document is None:
        return None
    return Claim(
        group=group,
        topic=topic,
        partition=seen.partition,
        member=member,
        epoch=document["epoch"],
        committed=document["committed"],
        topic_id=document.get("topicId"),
    )


def commit(store: Store, claim: Claim, offset: int, *, session: ClientSession | None = None) -> None:
    """Have the group go on at `offset`; never back. Raises Fenced where the claim holds no more, and Unavailable.

    With a session it is part of its transaction.
    """
    _change(store, claim, {"$max": {"committed": Int64(offset)}, "$currentDate": TOUCH}, session)


def committed(store: Store, claim: Claim, *, session: ClientSession) -> int:
    """Return the offset at which the group goes on. Raises Fenced where the claim holds no more."""
    document = store.positions.find_one(_wanted(claim), {"committed": 1}, session=session)
    if document is None:
        raise _fenced(claim)
    return int(document["committed"])


def confirm(store: Store, claim: Claim, *, session: ClientSession) -> None:
    """Make a transaction stand only if the claim still holds. Raises Fenced."""
    _change(store, claim, {"$currentDate": TOUCH}, session)


def write(store: Store, claim: Claim, fields: Document, *, session: ClientSession | None = None) -> None:
    """Set the position and what its owner keeps beside it. Raises Fenced where the claim holds no more, Unavailable.

    With a session it is part of its transaction.
    """
    _change(store, claim, {"$set": fields, "$currentDate": TOUCH}, session)


def release(store: Store, claim: Claim, *, offset: int | None = None) -> None:
    """Leave the partition to others, at `offset` where one is given. Raises Fenced, Unavailable."""
    progress = {} if offset is None else {"$max": {"committed": Int64(offset)}}
    _change(store, claim, {**progress, "$set": {"owner": None}, "$currentDate": TOUCH}, None)


class _Start(msgspec.Struct, frozen=True, kw_only=True):
    """Where a group should start, fixed within one transaction."""

    group: str
    topic: str
    from_beginning: bool
    on_remade: PurgedPolicy

    def fix(self, store: Store, session: ClientSession) -> tuple[Restart, ...]:
        the_group, upsert = {"_id": group_id(self.group, self.topic)}, {"$setOnInsert": new_group()}
        is_new = store.groups.update_one(the_group, upsert, upsert=True, session=session).upserted_id is not None
        ends = reading.ends(store, topic=self.topic, session=session)
        known = of_group(store, group=self.group, topic=self.topic, session=session)
        self._create(store, {one: ends[one] for one in sorted(ends) if one not in known}, is_new, session)
        restarts = []
        for partition, position in known.items():
            end = ends.get(partition)
            if end is None:
                continue
            if position.is_of_another(end):
                restarts.append(self._restart(store, position, end, session))
            elif position.topic_id != end.topic_id:
                self._set(store, position, {"$set": {"topicId": end.topic_id}}, session)
        return tuple(restarts)

    def _create(self, store: Store, ends: dict[int, End], is_new: bool, session: ClientSession) -> None:
        if not ends:
            return
        policy: PurgedPolicy = "earliest" if self.from_beginning else "latest"
        documents = [
            {
                "_id": _position_id(self.group, self.topic, partition),
                "topicId": end.topic_id,
                "committed": Int64(self._first(store, partition, end, policy, session) if is_new else 0),
                "epoch": Int64(0),
                "owner": None,
                "updatedAt": now(),
            }
            for partition, end in ends.items()
        ]
        store.positions.insert_many(documents, session=session)

    def _restart(self, store: Store, position: Position, end: End, session: ClientSession) -> Restart:
        partition, former = position.partition, position.committed
        if self.on_remade == "fail":
            raise TopicRemade(self.group, self.topic, partition, former)
        offset = self._first(store, partition, end, self.on_remade, session)
        change = {"$set": {"committed": Int64(offset), "topicId": end.topic_id, "owner": None}}
        # Under the next epoch: what its owner has in hand of the former topic may not move it.
        self._set(store, position, {**change, "$inc": {"epoch": Int64(1)}}, session)
        # Letters of the former topic should not be taken for letters of this one, which have the same offsets.
        nameless = {"group": self.group, "topic": self.topic, "partition": partition, "topicId": None}
        former_id = {"$set": {"topicId": position.topic_id or ObjectId()}}
        store.dead_letters.update_many(nameless, former_id, session=session)
        return Restart(partition=partition, former=former, offset=offset)

    def _first(self, store: Store, partition: int, end: End, policy: PurgedPolicy, session: ClientSession) -> int:
        if policy == "latest":
            return end.next
        return reading.earliest(store, topic=self.topic, partition=partition, session=session)

    def _set(self, store: Store, position: Position, change: Document, session: ClientSession) -> None:
        place = {"_id": _position_id(self.group, self.topic, position.partition)}
        store.positions.update_one(place, {**change, "$currentDate": TOUCH}, session=session)


def _change(store: Store, claim: Claim, change: Document, session: ClientSession | None) -> None:
    def write() -> int:
        return store.positions.update_one(_wanted(claim), change, session=session).matched_count

    with translated_outside(session):
        matched = write() if session is not None else unhindered(store, write)
    if not matched:
        raise _fenced(claim)


def _wanted(claim: Claim) -> Document:
    return {
        "_id": _position_id(claim.group, claim.topic, claim.partition),
        "epoch": claim.epoch,
        "owner": claim.member,
    }


def _fenced(claim: Claim) -> Fenced:
    return Fenced(claim.group, claim.topic, claim.partition, claim.epoch)


def _position_id(group: str, topic: str, partition: int) -> Document:
    return {"group": group, "topic": topic, "partition": partition}


def _position(document: Document) -> Position:
    return Position(
        partition=document["_id"]["partition"],
        committed=document["committed"],
        epoch=document["epoch"],
        owner=document["owner"],
        topic_id=document.get("topicId"),
        updated_at=document["updatedAt"],
    )
