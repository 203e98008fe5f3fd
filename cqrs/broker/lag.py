"""How far a group is behind: messages that are stored and not committed yet."""

import msgspec

from cqrs.broker import positions, reading
from cqrs.broker.store import Store


class PartitionLag(msgspec.Struct, frozen=True, kw_only=True):
    """A group in one partition: it goes on at `committed`, the next message will get `latest`.

    `lag` counts what lies between, also what retention has removed meanwhile. `owner` is a member, or None.
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
    ends = reading.latest_of_all(store, topic=topic)
    return {
        partition: PartitionLag(
            partition=partition,
            committed=position.committed,
            latest=ends.get(partition, 0),
            lag=max(0, ends.get(partition, 0) - position.committed),
            owner=position.owner,
            epoch=position.epoch,
        )
        for partition, position in known.items()
    }
