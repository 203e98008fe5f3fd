"""How far a group has got in each partition, who owns it, and under which epoch.

Every claim raises the epoch, and every commit names the epoch that it was claimed under: whoever was given up for dead
and comes back commits nothing.
"""

from datetime import datetime

import msgspec
from bson import Int64
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from cqrs.broker import reading
from cqrs.broker.errors import Fenced
from cqrs.broker.membership import group_id, new_group
from cqrs.broker.mongodb import Document, translated, translated_outside
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction
from cqrs.clock import now

TOUCH = {"updatedAt": True}


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A group's position in a partition; `committed` is the offset to read next, `owner` a member or None."""

    partition: int
    committed: int
    epoch: int
    owner: str | None
    updated_at: datetime


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to handle a partition, until somebody else claims it. It began at the offset `committed`."""

    group: str
    topic: str
    partition: int
    member: str
    epoch: int
    committed: int


def establish(store: Store, *, group: str, topic: str, from_beginning: bool) -> None:
    """Fix where the group starts, once for all: nothing that is appended after this has returned is missed.

    A new group starts in every partition at the earliest retained message, or at the next one. Partitions that appear
    later, or the whole topic, are read from their beginning. Positions that are there hold. Raises Unavailable.
    """
    in_transaction(store.client, lambda session: _establish(store, group, topic, from_beginning, session))


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
    with translated():
        document = store.positions.find_one_and_update(wanted, change, return_document=ReturnDocument.AFTER)
    if document is None:
        return None
    return Claim(
        group=group,
        topic=topic,
        partition=seen.partition,
        member=member,
        epoch=document["epoch"],
        committed=document["committed"],
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


def _establish(store: Store, group: str, topic: str, from_beginning: bool, session: ClientSession) -> None:
    upsert = {"$setOnInsert": new_group()}
    is_new = store.groups.update_one({"_id": group_id(group, topic)}, upsert, upsert=True, session=session).upserted_id
    ends = reading.latest_of_all(store, topic=topic, session=session)
    known = of_group(store, group=group, topic=topic, session=session)

    def start(partition: int) -> int:
        if is_new is None:
            return 0
        if from_beginning:
            return reading.earliest(store, topic=topic, partition=partition, session=session)
        return ends[partition]

    missing = [_new(group, topic, partition, start(partition)) for partition in sorted(ends) if partition not in known]
    if missing:
        store.positions.insert_many(missing, session=session)


def _new(group: str, topic: str, partition: int, offset: int) -> Document:
    return {
        "_id": _position_id(group, topic, partition),
        "committed": Int64(offset),
        "epoch": Int64(0),
        "owner": None,
        "updatedAt": now(),
    }


def _change(store: Store, claim: Claim, change: Document, session: ClientSession | None) -> None:
    with translated_outside(session):
        matched = store.positions.update_one(_wanted(claim), change, session=session).matched_count
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
        updated_at=document["updatedAt"],
    )
