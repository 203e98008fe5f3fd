"""Who is in a group and which partitions each member should have, in one document per group and topic.

Members show that they live by a heartbeat at the server's time; the clocks of their machines do not matter. Any member
that finds the assignment outdated writes a new one under the next generation, and only one of several succeeds.
"""

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from bson import Int64
from pymongo import ReturnDocument

from cqrs.broker.assignment import Reader, assign
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.store import Store
from cqrs.broker.unhindered import unhindered

SERVER_TIME = "$$NOW"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group; `partitions` are those that it reads at the most, None means any."""

    id: str
    host: str
    pid: int
    partitions: frozenset[int] | None
    joined_at: datetime
    heartbeat_at: datetime


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it was at the server's time `at`. `targets` says by partition which member should have it."""

    generation: int
    members: tuple[Member, ...]
    targets: dict[int, str]
    at: datetime

    def has(self, member: str | None) -> bool:
        """Whether the member is in the group."""
        return any(one.id == member for one in self.members)

    def living(self, session_timeout: float) -> list[Member]:
        """Return the members whose last heartbeat is not older than `session_timeout` seconds."""
        return [one for one in self.members if self.at - one.heartbeat_at <= timedelta(seconds=session_timeout)]


class Membership:
    """One member's place in a group. All methods raise Unavailable.

    `at` replaces the server's time, for tests that must decide what time it is.
    """

    def __init__(
        self,
        store: Store,
        *,
        group: str,
        topic: str,
        member: str,
        partitions: Iterable[int] | None = None,
        session_timeout: float = 5.0,
    ) -> None:
        self.id = member
        self._store = store
        self._group_id = group_id(group, topic)
        self._partitions = None if partitions is None else sorted(partitions)
        self._session_timeout = session_timeout

    def join(self, *, at: datetime | None = None) -> Group:
        """Be a member, anew where it was one before. The group's document must be there: see `positions.establish`."""
        joined = _change({"_id": self._group_id}, self._joining(at))
        return self._apply(joined) or self._create_and_join(joined)

    def beat(self, *, at: datetime | None = None) -> Group | None:
        """Show that this member lives; None where the others have given it up."""
        beaten = {"$mergeObjects": ["$$this", {"heartbeatAt": _time(at)}]}
        members = {"$map": {"input": "$members", "in": {"$cond": [self._is_me(), beaten, "$$this"]}}}
        return self._apply(_change({"_id": self._group_id, "members.id": self.id}, {"members": members, **_now(at)}))

    def leave(self, *, at: datetime | None = None) -> Group | None:
        """Be a member no more. What it owned should have been released."""
        return self._apply(_change({"_id": self._group_id}, {"members": self._others(), **_now(at)}))

    def balance(self, group: Group, partitions: Iterable[int], *, at: datetime | None = None) -> Group:
        """Give up the dead and assign the partitions to the living; nothing is written where that changes nothing.

        Returns the group as it is then, or as it was where another member was quicker.
        """
        living = group.living(self._session_timeout)
        readers = [Reader(id=one.id, partitions=one.partitions) for one in living]
        targets = assign(partitions, readers, group.targets)
        if targets == group.targets and len(living) == len(group.members):
            return group
        alive = {"$gte": ["$$this.heartbeatAt", {"$subtract": [_time(at), int(self._session_timeout * 1000)]}]}
        change = {
            "generation": {"$add": ["$generation", Int64(1)]},
            "targets": {"$literal": [{"partition": one, "member": member} for one, member in targets.items()]},
            "members": {"$filter": {"input": "$members", "cond": alive}},
            **_now(at),
        }
        return self._apply(_change({"_id": self._group_id, "generation": group.generation}, change)) or group

    def _apply(self, change: tuple[Document, list[Document]]) -> Group | None:
        wanted, pipeline = change

        def write() -> Document | None:
            return self._store.groups.find_one_and_update(wanted, pipeline, return_document=ReturnDocument.AFTER)

        with translated():
            document = unhindered(self._store, write)
        return None if document is None else group_of(document)

    def _create_and_join(self, joining: tuple[Document, list[Document]]) -> Group:
        """Somebody has removed the group while it was in use: begin a new one; positions are another document."""
        with translated():
            self._store.groups.update_one({"_id": self._group_id}, {"$setOnInsert": new_group()}, upsert=True)
        group = self._apply(joining)
        if group is None:
            raise LookupError(self._group_id)
        return group

    def _joining(self, at: datetime | None) -> Document:
        me = {
            "id": {"$literal": self.id},
            "host": {"$literal": socket.gethostname()},
            "pid": {"$literal": os.getpid()},
            "partitions": {"$literal": self._partitions},
            "joinedAt": _time(at),
            "heartbeatAt": _time(at),
        }
        return {"members": {"$concatArrays": [self._others(), [me]]}, **_now(at)}

    def _others(self) -> Document:
        return {"$filter": {"input": "$members", "cond": {"$not": [self._is_me()]}}}

    def _is_me(self) -> Document:
        return {"$eq": ["$$this.id", {"$literal": self.id}]}


def group_id(group: str, topic: str) -> Document:
    """Return the `_id` of a group's document."""
    return {"group": group, "topic": topic}


def new_group() -> Document:
    """Return the content of a group in which nobody has been yet."""
    return {"generation": Int64(0), "members": [], "targets": [], "updatedAt": None}


def group_of(document: Document) -> Group:
    """Return what a stored document says."""
    return Group(
        generation=document["generation"],
        members=tuple(_member(one) for one in document["members"]),
        targets={one["partition"]: one["member"] for one in document["targets"]},
        at=document["updatedAt"] or datetime.min,  # noqa: DTZ901 - nobody has been there, so nothing is compared
    )


def _member(stored: Document) -> Member:
    partitions = stored["partitions"]
    return Member(
        id=stored["id"],
        host=stored["host"],
        pid=stored["pid"],
        partitions=None if partitions is None else frozenset(partitions),
        joined_at=stored["joinedAt"],
        heartbeat_at=stored["heartbeatAt"],
    )


def _change(wanted: Document, changed: Document) -> tuple[Document, list[Document]]:
    return wanted, [{"$set": changed}]


def _now(at: datetime | None) -> Document:
    return {"updatedAt": _time(at)}


def _time(at: datetime | None) -> Any:
    return SERVER_TIME if at is None else at
