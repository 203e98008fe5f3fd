"""Having a group go on elsewhere: first a plan, then, while nobody works for it, all of it in one transaction."""

from collections.abc import Sequence

import msgspec
from bson import Int64
from pymongo.client_session import ClientSession

from cqrs.broker import positions, reading
from cqrs.broker.csbroker.errors import InvalidArgument, Refused
from cqrs.broker.csbroker.group_overview import living_members, server_time
from cqrs.broker.csbroker.offset_choice import OffsetChoice
from cqrs.broker.membership import group_id
from cqrs.broker.mongodb import Document, translated
from cqrs.broker.reading import End
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction


class Move(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the group goes on in a partition, and where it would have (None: it has no position there yet)."""

    partition: int
    present: int | None
    planned: int


def plan_reset(
    store: Store, *, group: str, topic: str, choice: OffsetChoice, partitions: Sequence[int] = ()
) -> list[Move]:
    """Return a move for each partition, or for those named. Raises InvalidArgument, Unavailable."""
    present = positions.of_group(store, group=group, topic=topic)
    everything = sorted(reading.latest_of_all(store, topic=topic))
    if unknown := set(partitions) - set(everything):
        raise InvalidArgument(f"{topic} has no partition {', '.join(str(one) for one in sorted(unknown))}")
    return [
        Move(
            partition=partition,
            present=present[partition].committed if partition in present else None,
            planned=choice.resolved(store, topic=topic, partition=partition),
        )
        for partition in everything
        if not partitions or partition in partitions
    ]


def execute_reset(store: Store, *, group: str, topic: str, moves: Sequence[Move]) -> None:
    """Carry out the moves, all or none. A member that was given up and comes back is fenced.

    Raises Refused where a member is alive, UnknownGroup, Unavailable.
    """
    with translated():
        at = server_time(store)

    def work(session: ClientSession) -> None:
        living = living_members(store, group=group, topic=topic, at=at, session=session)
        if living:
            raise Refused(f"group {group!r} is active on {topic!r}: stop its {len(living)} members first")
        # Whoever joins at this moment writes to the same document, and one of the two begins anew.
        nobody = {"$set": {"members": [], "targets": []}, "$inc": {"generation": Int64(1)}}
        store.groups.update_one({"_id": group_id(group, topic)}, nobody, session=session)
        ends = reading.ends(store, topic=topic, session=session)
        for move in moves:
            place = {"group": group, "topic": topic, "partition": move.partition}
            _move(store, place, move, ends.get(move.partition), session)

    in_transaction(store, work)


def _move(store: Store, place: Document, move: Move, end: End | None, session: ClientSession) -> None:
    change = {
        "$set": {"committed": Int64(move.planned), "owner": None, "topicId": end and end.topic_id},
        "$inc": {"epoch": Int64(1)},
        "$currentDate": positions.TOUCH,
    }
    store.positions.update_one({"_id": place}, change, upsert=True, session=session)
