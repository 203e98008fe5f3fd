"""Assigning partitions: everyone has what it may have, evenly, and what need not move stays."""

from collections import Counter
from collections.abc import Sequence
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from cqrs.broker.assignment import Reader, assign

MEMBERS = "abcdef"


@st.composite
def groups(draw: st.DrawFn, *, listed: bool) -> tuple[list[int], list[Reader], dict[int, str]]:
    partitions = list(range(draw(st.integers(0, 5 if listed else 24))))
    ids = draw(st.lists(st.sampled_from(MEMBERS[: 4 if listed else 6]), unique=True))
    lists = st.none() | st.frozensets(st.sampled_from(range(6)))
    readers = [Reader(id=member, partitions=draw(lists) if listed else None) for member in ids]
    current = draw(st.dictionaries(st.sampled_from(partitions), st.sampled_from(MEMBERS))) if partitions else {}
    return partitions, readers, current


def loads(assigned: dict[int, str], readers: Sequence[Reader]) -> list[int]:
    counted = Counter(assigned.values())
    return sorted(counted[reader.id] for reader in readers)


def moves(assigned: dict[int, str], readers: Sequence[Reader], current: dict[int, str]) -> int:
    present = {reader.id for reader in readers}
    return sum(current.get(one) in present and current[one] != member for one, member in assigned.items())


@given(groups(listed=False))
def test_every_partition_has_one_member_and_loads_differ_by_one_at_most(
    group: tuple[list[int], list[Reader], dict[int, str]],
) -> None:
    partitions, readers, current = group

    assigned = assign(partitions, readers, current)

    assert list(assigned) == (partitions if readers else [])
    assert set(assigned.values()) <= {reader.id for reader in readers}
    shared = loads(assigned, readers)
    assert not shared or shared[-1] - shared[0] <= 1


@given(groups(listed=False))
def test_no_more_partitions_move_than_the_balance_requires(
    group: tuple[list[int], list[Reader], dict[int, str]],
) -> None:
    partitions, readers, current = group
    kept = Counter(member for one, member in current.items() if one in partitions)

    assigned = assign(partitions, readers, current)

    # The largest shares go to those who have the most already.
    fair = zip(
        sorted((kept[reader.id] for reader in readers), reverse=True), loads(assigned, readers)[::-1], strict=True
    )
    assert moves(assigned, readers, current) == sum(max(0, had - share) for had, share in fair)


@settings(max_examples=300)
@given(groups(listed=True))
def test_listed_partitions_are_respected_at_the_least_cost(
    group: tuple[list[int], list[Reader], dict[int, str]],
) -> None:
    partitions, readers, current = group
    able = {one: [reader.id for reader in readers if reader.may_have(one)] for one in partitions}
    possible = {one: members for one, members in able.items() if members}
    everything = [dict(zip(possible, choice, strict=True)) for choice in product(*possible.values())]

    assigned = assign(partitions, readers, current)

    def cost(one: dict[int, str]) -> tuple[int, int]:
        return sum(load**2 for load in loads(one, readers)), moves(one, readers, current)

    assert assigned in everything
    assert cost(assigned) == min(map(cost, everything))


@given(groups(listed=True))
def test_what_is_assigned_stays_as_it_is(group: tuple[list[int], list[Reader], dict[int, str]]) -> None:
    partitions, readers, current = group
    assigned = assign(partitions, readers, current)

    again = assign(partitions, readers[::-1], assigned)

    assert again == assigned


def test_a_thousand_partitions_are_assigned_to_fifty_new_members_at_once() -> None:
    readers = [Reader(id=f"member-{number:02}") for number in range(50)]

    assigned = assign(range(1000), readers, dict.fromkeys(range(1000), "member-00"))

    assert loads(assigned, readers) == [20] * 50
    assert moves(assigned, readers, dict.fromkeys(range(1000), "member-00")) == 980
