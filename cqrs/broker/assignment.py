"""Which member of a group reads which partition: balanced first, then with as few moves as possible. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

# Weighs balance above any number of moves.
MOVE = 1


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the assignment sees it. `partitions` are those that it may have; None means any."""

    id: str
    partitions: frozenset[int] | None = None

    def may_have(self, partition: int) -> bool:
        """Whether the partition may be given to this member."""
        return self.partitions is None or partition in self.partitions


def assign(partitions: Iterable[int], readers: Sequence[Reader], current: Mapping[int, str]) -> dict[int, str]:
    """Return the member of each partition; one that no member may have is left out.

    Loads are as equal as the members' lists allow, without lists to within one. Of all such assignments one that moves
    the fewest partitions away from their `current` member is returned. The same arguments give the same answer.
    """
    ordered = sorted(readers, key=lambda reader: reader.id)
    plan = _Plan(ordered, current)
    for partition in sorted(partitions):
        plan.keep(partition)
    plan.give_the_rest()
    plan.even_out()
    while plan.improve():
        pass
    return dict(sorted(plan.member_of.items()))


class _Plan:
    """An assignment in the making."""

    def __init__(self, readers: Sequence[Reader], current: Mapping[int, str]) -> None:
        self._readers = {reader.id: reader for reader in readers}
        self._current = current
        self._held: dict[str, set[int]] = {reader.id: set() for reader in readers}
        self._free: list[int] = []
        self.member_of: dict[int, str] = {}

    def keep(self, partition: int) -> None:
        """Leave the partition where it is, if that member is still there and may have it."""
        reader = self._readers.get(self._current.get(partition, ""))
        if reader is not None and reader.may_have(partition):
            self._give(partition, reader.id)
        else:
            self._free.append(partition)

    def give_the_rest(self) -> None:
        """Give what nobody has to whoever has the least."""
        for partition in self._free:
            able = [reader.id for reader in self._readers.values() if reader.may_have(partition)]
            if able:
                self._give(partition, min(able, key=self._load))

    def even_out(self) -> None:
        """Move partitions from the most to the least loaded member, for as long as there is a direct way."""
        while self._readers:
            heaviest, lightest = max(self._held, key=self._load), min(self._held, key=self._load)
            if self._load(heaviest) - self._load(lightest) < 2:  # noqa: PLR2004 - to within one
                return
            movable = [one for one in self._held[heaviest] if self._readers[lightest].may_have(one)]
            if not movable:
                return
            self._give(min(movable, key=lambda one: (self._cost(one, lightest), one)), lightest)

    def improve(self) -> bool:
        """Make the exchange between members that makes the assignment cheaper; say whether there was one.

        Assigning at the least cost is a flow problem, and a flow is the cheapest when its residual network has no
        negative cycle (Klein 1967). The network here: an edge from a to b moves the cheapest of a's partitions to b;
        edges to and from the outside stand for one partition more or less.
        """
        edges, moved = self._network()
        cycle = _negative_cycle([*self._held, None], edges)
        for giver, taker in cycle:
            if giver is not None and taker is not None:
                self._give(moved[giver, taker], taker)
        return bool(cycle)

    def _network(self) -> tuple[dict[tuple[str | None, str | None], int], dict[tuple[str, str], int]]:
        weight = len(self.member_of) + 1
        edges: dict[tuple[str | None, str | None], int] = {}
        moved: dict[tuple[str, str], int] = {}
        for member in self._held:
            load = self._load(member)
            # The cost of a load is its square: that is least when loads are equal.
            edges[member, None] = weight * (2 * load + 1)
            edges[None, member] = -weight * (2 * load - 1)
        for partition, giver in self.member_of.items():
            for taker, reader in self._readers.items():
                if taker == giver or not reader.may_have(partition):
                    continue
                cost = self._cost(partition, taker) - self._cost(partition, giver)
                if cost < edges.get((giver, taker), cost + 1):
                    edges[giver, taker], moved[giver, taker] = cost, partition
        return edges, moved

    def _give(self, partition: int, member: str) -> None:
        former = self.member_of.get(partition)
        if former is not None:
            self._held[former].discard(partition)
        self._held[member].add(partition)
        self.member_of[partition] = member

    def _load(self, member: str) -> int:
        return len(self._held[member])

    def _cost(self, partition: int, member: str) -> int:
        owner = self._current.get(partition)
        # What a member that has left had moves anyway.
        return MOVE if owner in self._readers and owner != member else 0


def _negative_cycle(
    nodes: Sequence[str | None], edges: Mapping[tuple[str | None, str | None], int]
) -> list[tuple[str | None, str | None]]:
    """Return the edges of a cycle whose costs sum to less than nothing, or no edges (Bellman and Ford)."""
    cost: dict[str | None, int] = dict.fromkeys(nodes, 0)
    before: dict[str | None, str | None] = {}
    changed: list[str | None] = []
    for _ in nodes:
        changed = []
        for (giver, taker), extra in edges.items():
            if cost[giver] + extra < cost[taker]:
                cost[taker] = cost[giver] + extra
                before[taker] = giver
                changed.append(taker)
        if not changed:
            return []
    node = changed[0]
    for _ in nodes:
        node = before[node]
    cycle = [(before[node], node)]
    while cycle[-1][0] != node:
        cycle.append((before[cycle[-1][0]], cycle[-1][0]))
    return cycle
