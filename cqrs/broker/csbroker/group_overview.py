"""Groups as an operator sees them: who is alive by the server's clock, and how far each partition is behind."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from cqrs.broker import lag, reading
from cqrs.broker.csbroker.errors import CsbrokerError
from cqrs.broker.group_member import Timing
from cqrs.broker.lag import PartitionLag
from cqrs.broker.membership import Group, Member, group_id, group_of
from cqrs.broker.mongodb import translated, translated_outside
from cqrs.broker.reading import END_OF_PARTITION, End
from cqrs.broker.store import CODEC, Store

SESSION_TIMEOUT = timedelta(seconds=Timing().session_timeout)


class UnknownGroup(CsbrokerError):
    """No member of this group has ever been there."""

    def __init__(self, group: str, topic: str | None) -> None:
        self.group = group
        self.topic = topic
        super().__init__(f"there is no group {group!r}" + (f" on topic {topic!r}" if topic else ""))


class GroupState(StrEnum):
    """Whether somebody works for the group now."""

    ACTIVE = "active"
    EMPTY = "empty"


class MemberView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A member as it is shown. One that is not alive has missed its heartbeats and will be given up."""

    id: str
    host: str
    pid: int
    partitions: Sequence[int]
    joined_at: datetime
    heartbeat_at: datetime
    is_alive: bool


class PartitionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group in one partition; without offsets where nothing is counted."""

    partition: int
    committed: int | None
    latest: int | None
    lag: int | None
    owner: str | None
    epoch: int


class GroupView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A group on one topic.

    One that follows a change feed has no lag: changes have no offsets, and how many are to come is not known. Nor has
    one whose topic was deleted.
    """

    group: str
    topic: str
    state: GroupState
    generation: int
    lag: int | None
    members: Sequence[MemberView]
    partitions: Sequence[PartitionView]


def overview(store: Store, *, group: str | None = None, topic: str | None = None) -> list[GroupView]:
    """Return the groups, by name and topic. Raises Unavailable, and UnknownGroup where a named one is not there."""
    wanted = {name: value for name, value in (("_id.group", group), ("_id.topic", topic)) if value is not None}
    with translated():
        at = server_time(store)
        found = list(store.groups.find(wanted).sort([("_id.group", ASCENDING), ("_id.topic", ASCENDING)]))
    if group is not None and not found:
        raise UnknownGroup(group, topic)
    return [_view(store, one["_id"]["group"], one["_id"]["topic"], group_of(one), at) for one in found]


def server_time(store: Store) -> datetime:
    """Return the time by the clock that heartbeats are written with."""
    moment: datetime = store.database.command("hello", codec_options=CODEC)["localTime"]
    return moment


def living_members(store: Store, *, group: str, topic: str, at: datetime, session: ClientSession) -> list[Member]:
    """Return the members that are alive, within a transaction. Raises UnknownGroup."""
    with translated_outside(session):
        document = store.groups.find_one({"_id": group_id(group, topic)}, session=session)
    if document is None:
        raise UnknownGroup(group, topic)
    return [member for member in group_of(document).members if is_alive(member, at)]


def is_alive(member: Member, at: datetime) -> bool:
    """Say whether its last heartbeat is recent enough. A member may have been given another patience than usual."""
    return at - member.heartbeat_at <= SESSION_TIMEOUT


def _view(store: Store, name: str, topic: str, group: Group, at: datetime) -> GroupView:
    ends = reading.ends(store, topic=topic)
    measured = lag.measure(store, group=name, topic=topic).values()
    partitions = [_partition(one, is_counted=_is_counted(ends.get(one.partition))) for one in measured]
    lags = [partition.lag for partition in partitions if partition.lag is not None]
    members = [_member(member, partitions, at) for member in group.members]
    return GroupView(
        group=name,
        topic=topic,
        state=GroupState.ACTIVE if any(member.is_alive for member in members) else GroupState.EMPTY,
        generation=group.generation,
        lag=sum(lags) if len(lags) == len(partitions) else None,
        members=members,
        partitions=partitions,
    )


def _is_counted(end: End | None) -> bool:
    # Feeds used to have counters, at the largest number there is.
    return end is not None and end.next < END_OF_PARTITION


def _partition(one: PartitionLag, *, is_counted: bool) -> PartitionView:
    return PartitionView(
        partition=one.partition,
        committed=one.committed if is_counted else None,
        latest=one.latest if is_counted else None,
        lag=one.lag if is_counted else None,
        owner=one.owner,
        epoch=one.epoch,
    )


def _member(member: Member, partitions: Sequence[PartitionView], at: datetime) -> MemberView:
    return MemberView(
        id=member.id,
        host=member.host,
        pid=member.pid,
        partitions=[partition.partition for partition in partitions if partition.owner == member.id],
        joined_at=member.joined_at,
        heartbeat_at=member.heartbeat_at,
        is_alive=is_alive(member, at),
    )
