"""Groups across processes: killed, frozen, coming and going. Nothing is lost, and who was given up commits nothing."""

import threading
from collections.abc import Callable, Iterator

import pytest

from cqrs.broker import Broker
from cqrs.testing.waiting import wait_until
from tests.broker.handled import committed, make_topic, send
from tests.broker.member_process import MemberProcess, effects, members, require_order, values, wait_for_values

Start = Callable[..., MemberProcess]
# Left alone, MongoDB keeps the locks of a killed process for sixty seconds.
TAKEOVER_SECONDS = 50


@pytest.fixture
def start(broker: Broker) -> Iterator[Start]:
    """Starts a member in a process of its own."""
    with members(broker) as start:
        yield start


def test_what_a_killed_member_had_in_hand_is_handled_by_another_within_seconds(broker: Broker, start: Start) -> None:
    make_topic(broker)
    victim = start("victim", "hanging")
    send(broker, ["first", "hang", "last"], key="one")
    victim.wait_for("in hand")
    start("heir")

    victim.kill()
    wait_for_values(broker, {"first", "hang", "last"}, seconds=TAKEOVER_SECONDS)

    by_heir = [effect["value"] for effect in effects(broker) if effect["process"] == "heir"]
    assert by_heir[-2:] == ["hang", "last"]


def test_after_the_whole_group_was_killed_a_new_member_goes_on_where_it_was(broker: Broker, start: Start) -> None:
    make_topic(broker, partitions=3)
    group = [start(f"member-{number}") for number in range(3)]
    send(broker, range(300))
    wait_until(lambda: len(values(broker)) >= 100, "they are in the middle of it")
    for member in group:
        member.kill()

    send(broker, range(300, 600))
    start("heir")
    wait_for_values(broker, set(range(600)))

    require_order(broker)


def test_a_frozen_member_commits_nothing_after_it_was_given_up_and_stops_handling(broker: Broker, start: Start) -> None:
    make_topic(broker)
    zombie = start("zombie")
    send(broker, range(10))
    wait_until(lambda: committed(broker) == [10], "it has committed")
    zombie.freeze()
    heir = start("heir")
    send(broker, range(10, 20))
    wait_until(lambda: committed(broker) == [20], "the heir has committed")

    zombie.thaw()
    wait_until(lambda: len(group_members(broker)) == 2, "it is a member again")
    send(broker, range(20, 40))
    wait_for_values(broker, set(range(40)))

    assert values(broker) == list(range(40)), "nothing was handled twice or out of order"
    heir.leave()


def test_a_zombie_with_a_record_in_hand_is_refused_its_commit(broker: Broker, start: Start) -> None:
    make_topic(broker)
    zombie = start("zombie", "transactional")
    send(broker, ["first", "hang"], key="one")
    zombie.wait_for("in hand")
    zombie.freeze()
    heir = start("heir")
    wait_for_values(broker, {"first", "hang"})
    wait_until(lambda: committed(broker) == [2], "the heir has committed")

    zombie.thaw()
    zombie.go_on()
    wait_until(lambda: len(group_members(broker)) == 2, "it is a member again")
    heir.leave()
    send(broker, ["last"], key="one")
    wait_for_values(broker, {"last"})

    assert [(effect["value"], effect["process"]) for effect in effects(broker)] == [
        ("first", "zombie"),
        ("hang", "heir"),
        ("last", "zombie"),
    ]


def test_effects_and_offset_stand_or_fall_together_when_killed_in_between(broker: Broker, start: Start) -> None:
    make_topic(broker)
    victim = start("victim", "transactional")
    send(broker, ["first", "hang", "last"], key="one")
    victim.wait_for("in hand")
    before = (values(broker), committed(broker))

    victim.kill()
    start("heir", "plainly")
    wait_for_values(broker, {"first", "hang", "last"})

    assert before == (["first"], [1])
    assert values(broker) == ["first", "hang", "last"]


def test_members_may_join_leave_and_be_killed_during_load(broker: Broker, start: Start) -> None:
    make_topic(broker, partitions=6)
    sent: list[int] = []
    stop = threading.Event()

    def keep_sending() -> None:
        while not stop.is_set():
            first = len(sent)
            send(broker, range(first, first + 10))
            sent.extend(range(first, first + 10))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        first, second = start("first"), start("second")
        wait_until(lambda: len(owners(broker)) == 2, "two share it")
        third = start("third")
        wait_until(lambda: len(owners(broker)) == 3, "three share it")
        left = first.leave()
        second.kill()
        wait_until(lambda: len(owners(broker)) == 1, "one has it all")
        start("fourth")
        wait_until(lambda: len(owners(broker)) == 2, "two share it again")
    finally:
        stop.set()
        sender.join()
    wait_for_values(broker, set(sent))

    assert left == 0
    require_order(broker)
    # Only the one that was killed can have had something in hand or not yet committed.
    twice = len(values(broker)) - len(set(values(broker)))
    by_killed = sum(effect["process"] == "second" for effect in effects(broker))
    assert twice <= by_killed
    third.leave()


def group_members(broker: Broker) -> list[str]:
    group = broker.store.groups.find_one()
    return [] if group is None else [member["id"] for member in group["members"]]


def owners(broker: Broker) -> set[str]:
    found = [position["owner"] for position in broker.store.positions.find()]
    return set() if None in found else set(found)
