"""How far a group is behind: messages that are stored and not committed yet."""

import msgspec

from cqrs.broker import positions, reading
from cqrs.broker.positions import Position
from cqrs.broker.reading import End
from cqrs.broker.store import Store


class PartitionLag(msgspec.Struct, frozen=True, kw_only=True):
    """A group in one partition: it goes on at `committed`, the next message will get `latest`.

    `lag` counts what lies between, also what retention has removed meanwhile; where the topic was made
    anew, all of it. `owner` is a member, or None.
    """

    partition: int
    committed: int
    latest: int
    lag: int
    owner: str | None
    epoch: int


def measure(store: Store, *, group: str, topic: str) -> dict[int, PartitionLag]:
    """Return the lag by partition, of those where the group has a position. Raises Unavailable."""
    # Positions first: what is committed meanwhile must not look like more than there is.
    known = positions.of_group(store, group=group, topic=topic)
    ends = reading.ends(store, topic=topic)
    return {partition: _measured(position, ends.get(partition)) for partition, position in known.items()}


def _measured(position: Position, end: End | None) -> PartitionLag:
    latest = 0 if end is None else end.next
    # Of a topic that was made anew nothing has been read.
    first = 0 if end is not None and position.is_of_another(end) else position.committed
    return PartitionLag(
        partition=position.partition,
        committed=position.committed,
        latest=latest,
        lag=max(0, latest - first),
        owner=position.owner,
        epoch=position.epoch,
    )
