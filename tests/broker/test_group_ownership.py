"""Owning partitions by epoch, step by step at given times."""

from datetime import UTC, datetime, timedelta

import pytest

from cqrs.broker import Broker, Fenced, define_topic, positions
from cqrs.broker.membership import Membership
from cqrs.broker.ownership import Ownership
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, consumer_of, make_topic, send
from tests.threads import in_threads

START = datetime(2030, 1, 1, tzinfo=UTC)
LATER = START + timedelta(seconds=6)


@pytest.fixture(autouse=True)
def _group(broker: Broker) -> None:
    """A topic with four partitions, and a group of it without members."""
    make_topic(broker, partitions=4)
    positions.establish(broker.store, group=GROUP, topic=TOPIC, from_beginning=True)


def membership(broker: Broker, name: str, partitions: list[int] | None = None) -> Membership:
    return Membership(broker.store, group=GROUP, topic=TOPIC, member=name, partitions=partitions, session_timeout=5)


def joined(broker: Broker, name: str, at: datetime = START, partitions: list[int] | None = None) -> Ownership:
    ownership = Ownership(broker.store, membership(broker, name, partitions), group=GROUP, topic=TOPIC)
    ownership.join(at=at)
    return ownership


def test_whoever_was_given_up_commits_and_releases_nothing(broker: Broker) -> None:
    zombie = joined(broker, "zombie")
    (claim, *_) = zombie.step(at=START).gained
    heir = joined(broker, "heir", LATER)
    heir.step(at=LATER)

    with pytest.raises(Fenced) as refused:
        positions.commit(broker.store, claim, 1)
    with pytest.raises(Fenced):
        zombie.release(claim.partition, offset=1)

    assert (refused.value.partition, refused.value.epoch) == (claim.partition, 1)
    known = positions.of_group(broker.store, group=GROUP, topic=TOPIC)
    assert {(one.owner, one.epoch, one.committed) for one in known.values()} == {("heir", 2, 0)}


def test_whoever_was_given_up_is_told_of_its_loss_before_it_is_a_member_again(broker: Broker) -> None:
    dropped: list[int] = []
    place = membership(broker, "zombie")
    zombie = Ownership(
        broker.store, place, group=GROUP, topic=TOPIC, drop=lambda claim: dropped.append(claim.partition)
    )
    zombie.join(at=START)
    zombie.step(at=START)
    joined(broker, "heir", LATER).step(at=LATER)

    turn = zombie.step(at=LATER)

    assert dropped == [0, 1, 2, 3]
    assert turn.gained == ()


def test_what_was_lost_is_claimed_again_in_the_next_step_only(broker: Broker) -> None:
    """A record of it may still be in hand."""
    zombie = joined(broker, "zombie")
    zombie.step(at=START)
    heir = joined(broker, "heir", LATER)
    heir.step(at=LATER)
    for partition in list(heir.claims):
        heir.release(partition)
    heir.leave(at=LATER)

    turns = [zombie.step(at=LATER) for _ in range(2)]

    assert [(len(turn.lost), len(turn.gained)) for turn in turns] == [(4, 0), (0, 4)]


def test_what_is_busy_is_not_claimed(broker: Broker) -> None:
    one = joined(broker, "one")

    turns = [one.step(busy={0, 2}, at=START), one.step(at=START)]

    assert [[claim.partition for claim in turn.gained] for turn in turns] == [[1, 3], [0, 2]]
    assert [turn.is_settled for turn in turns] == [False, True]


def test_only_what_moves_is_unwanted(broker: Broker) -> None:
    first = joined(broker, "first")
    first.step(at=START)
    second = joined(broker, "second")
    gained_at_once = second.step(at=START).gained

    turn = first.step(at=START)
    for claim in turn.unwanted:
        first.release(claim.partition)
    gained = second.step(at=START).gained

    assert gained_at_once == ()
    assert len(turn.unwanted) == 2
    assert len(first.claims) == 2
    assert {claim.partition for claim in gained} == {claim.partition for claim in turn.unwanted}
    assert {claim.epoch for claim in gained} == {2}


def test_of_two_members_that_see_the_same_only_one_writes_the_assignment(broker: Broker) -> None:
    first, second = membership(broker, "first"), membership(broker, "second")
    first.join(at=START)
    seen = second.join(at=START)

    one = first.balance(seen, range(4), at=START)
    other = second.balance(seen, range(5), at=START)

    assert one.generation == seen.generation + 1
    assert other == seen
    assert broker.store.groups.count_documents({"generation": one.generation}) == 1


def test_of_many_that_claim_at_once_one_succeeds(broker: Broker) -> None:
    seen = positions.of_group(broker.store, group=GROUP, topic=TOPIC)[0]

    claims = in_threads(
        [
            lambda name=name: positions.claim(  # type: ignore[misc]
                broker.store, group=GROUP, topic=TOPIC, seen=seen, member=name
            )
            for name in "abcdef"
        ]
    )

    assert len([claim for claim in claims if claim is not None]) == 1


def test_a_member_that_lists_partitions_has_no_other(broker: Broker) -> None:
    picky, other = joined(broker, "picky", partitions=[3]), joined(broker, "other")
    picky.step(at=START)
    other.step(at=START)

    assert picky.claims.keys() == {3}
    assert other.claims.keys() == {0, 1, 2}


def test_leaving_gives_the_others_its_share_at_once(broker: Broker) -> None:
    first = joined(broker, "first")
    first.step(at=START)
    second = joined(broker, "second")
    for partition in list(first.claims):
        first.release(partition)
    first.leave(at=START)

    second.step(at=START)

    assert second.claims.keys() == {0, 1, 2, 3}


def test_after_releasing_a_partition_nothing_of_it_can_be_committed(broker: Broker) -> None:
    one = joined(broker, "one")
    (claim, *_) = one.step(at=START).gained
    one.release(claim.partition, offset=1)

    with pytest.raises(Fenced):
        positions.commit(broker.store, claim, 2)

    assert positions.of_group(broker.store, group=GROUP, topic=TOPIC)[claim.partition].committed == 1


def test_whoever_owns_a_partition_again_commits_nothing_under_the_former_epoch(broker: Broker) -> None:
    one = joined(broker, "one")
    (former, *_) = one.step(at=START).gained
    one.release(former.partition)
    (claim,) = one.step(at=START).gained

    with pytest.raises(Fenced):
        positions.commit(broker.store, former, 1)

    assert (claim.partition, claim.member, claim.epoch) == (former.partition, former.member, former.epoch + 1)
    assert positions.of_group(broker.store, group=GROUP, topic=TOPIC)[claim.partition].committed == 0


def test_a_commit_never_goes_back(broker: Broker) -> None:
    (claim, *_) = joined(broker, "one").step(at=START).gained
    positions.commit(broker.store, claim, 5)

    positions.commit(broker.store, claim, 3)

    assert positions.of_group(broker.store, group=GROUP, topic=TOPIC)[claim.partition].committed == 5


def test_many_members_that_begin_a_group_at_once_agree_where_it_starts(broker: Broker) -> None:
    broker.topics.create(define_topic(name="other", partitions=8))

    in_threads(
        [lambda: positions.establish(broker.store, group="new", topic="other", from_beginning=False) for _ in range(6)]
    )

    known = positions.of_group(broker.store, group="new", topic="other")
    assert [position.committed for position in known.values()] == [0] * 8


def test_members_share_the_partitions_and_each_record_goes_to_one_of_them(broker: Broker) -> None:
    handled = [Handled() for _ in range(3)]
    consumers = [consumer_of(broker) for _ in handled]
    for consumer, seen in zip(consumers, handled, strict=True):
        consumer.subscribe(seen)
    wait_until(lambda: sorted(len(consumer.offset_info()) for consumer in consumers) == [1, 1, 2], "each has its share")

    send(broker, range(400))
    wait_until(lambda: sum(len(seen.records) for seen in handled) >= 400, "all is handled")
    for consumer in consumers:
        consumer.unsubscribe()

    assert sorted(value for seen in handled for value in seen.values) == list(range(400))
    assert sorted(len(seen.records) for seen in handled) == [100, 100, 200]


def test_members_join_and_leave_without_anything_being_handled_twice(broker: Broker) -> None:
    handled = Handled()
    first, second = consumer_of(broker), consumer_of(broker)
    first.subscribe(handled)
    send(broker, range(200))
    second.subscribe(handled)
    wait_until(lambda: len(second.offset_info()) == 2, "the second has its share")
    send(broker, range(200, 400))
    first.unsubscribe()
    send(broker, range(400, 600))
    handled.wait_for(600)
    second.unsubscribe()

    assert sorted(handled.values) == list(range(600))
    assert [handled.of_partition(partition) for partition in range(4)] == [list(range(150))] * 4
