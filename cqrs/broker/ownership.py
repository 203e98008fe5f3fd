"""What one member of a group owns: it follows the assignment step by step, and only moved partitions change hands."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

import msgspec

from cqrs.broker import positions, reading
from cqrs.broker.errors import Fenced
from cqrs.broker.membership import Group, Membership
from cqrs.broker.positions import Claim
from cqrs.broker.reading import End
from cqrs.broker.store import Store


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to.

    `lost` belong to others already: drop them at once. `unwanted` should be finished and released. `gained` are owned
    from now on. `is_settled` says that everything assigned to this member is owned by it.
    """

    generation: int
    lost: tuple[Claim, ...]
    unwanted: tuple[Claim, ...]
    gained: tuple[Claim, ...]
    is_settled: bool


class Ownership:
    """Keeps what a member owns in step with its group. Not for several threads; all methods raise Unavailable.

    `drop` is told at once of whatever is lost: before the member may be taken for alive again. `establish` fixes where
    the group starts in partitions that are new, or of a topic that was made anew. `ends` says which partitions there
    are, where those are not the topic's.
    """

    def __init__(
        self,
        store: Store,
        membership: Membership,
        *,
        group: str,
        topic: str,
        drop: Callable[[Claim], None] = lambda _: None,
        establish: Callable[[], object] | None = None,
        ends: Callable[[], dict[int, End]] | None = None,
    ) -> None:
        self._store = store
        self._membership = membership
        self._group = group
        self._topic = topic
        self._drop = drop
        self._establish = establish or partial(
            positions.establish, store, group=group, topic=topic, from_beginning=False
        )
        self._ends = ends or partial(reading.ends, store, topic=topic)
        self.claims: dict[int, Claim] = {}

    def join(self, *, at: datetime | None = None) -> None:
        """Become a member; partitions come with the first step."""
        self._membership.join(at=at)

    def stay(self, *, at: datetime | None = None) -> None:
        """Show that the member lives, and nothing else: for one that is about to leave."""
        if self._membership.beat(at=at) is None:
            self._lose(list(self.claims))

    def step(self, *, busy: Collection[int] = (), at: datetime | None = None) -> Turn:
        """Show that the member lives, balance the group, claim what is free and assigned to it but what is `busy`.

        Raises also what `establish` raises.
        """
        lost: list[Claim] = []
        group = self._membership.beat(at=at)
        if group is None:
            # Given up by the others: they may own any of it by now.
            lost += self._lose(list(self.claims))
            group = self._membership.join(at=at)
        known, ends = self._look()
        if any(partition not in known or _is_void(known[partition], end) for partition, end in ends.items()):
            self._establish()
            known, ends = self._look()
        group = self._membership.balance(group, ends, at=at)
        lost += self._lose([one for one, claim in self.claims.items() if not _holds(claim, known.get(one))])
        mine = {partition for partition, member in group.targets.items() if member == self._membership.id}
        # What has just been lost may have a record in hand: its turn is the next step.
        gained = self._claim(group, mine.difference(busy, (claim.partition for claim in lost)), known)
        return Turn(
            generation=group.generation,
            lost=tuple(lost),
            unwanted=tuple(claim for partition, claim in self.claims.items() if partition not in mine),
            gained=tuple(gained),
            is_settled=mine == self.claims.keys(),
        )

    def release(self, partition: int, *, offset: int | None = None) -> None:
        """Leave the partition to others, at `offset` where one is given. Raises Fenced where they have it already."""
        claim = self.claims[partition]
        try:
            positions.release(self._store, claim, offset=offset)
        except Fenced:
            self.forget(partition)
            raise
        self.forget(partition)

    def forget(self, partition: int) -> None:
        """Own the partition no more, without telling the others."""
        self.claims.pop(partition, None)

    def leave(self, *, at: datetime | None = None) -> None:
        """Leave the group, and have the others share at once what was this member's."""
        group = self._membership.leave(at=at)
        if group is not None:
            self._membership.balance(group, self._ends(), at=at)

    def _look(self) -> tuple[dict[int, positions.Position], dict[int, End]]:
        # Positions first: what is committed meanwhile must not look as if it lay behind the end.
        known = positions.of_group(self._store, group=self._group, topic=self._topic)
        return known, self._ends()

    def _lose(self, partitions: list[int]) -> list[Claim]:
        lost = [self.claims.pop(partition) for partition in partitions]
        for claim in lost:
            self._drop(claim)
        return lost

    def _claim(self, group: Group, mine: set[int], known: dict[int, positions.Position]) -> list[Claim]:
        gained = []
        for partition in sorted(mine - self.claims.keys()):
            seen = known.get(partition)
            if seen is None or not _is_free(group, seen, self._membership.id):
                continue
            claim = positions.claim(
                self._store, group=self._group, topic=self._topic, seen=seen, member=self._membership.id
            )
            if claim is not None:
                self.claims[partition] = claim
                gained.append(claim)
        return gained


def _holds(claim: Claim, seen: positions.Position | None) -> bool:
    return seen is not None and seen.epoch == claim.epoch and seen.owner == claim.member


def _is_void(seen: positions.Position, end: End) -> bool:
    return seen.topic_id != end.topic_id or seen.is_of_another(end)


def _is_free(group: Group, seen: positions.Position, member: str) -> bool:
    return seen.owner is None or seen.owner == member or not group.has(seen.owner)
