"""A group against its model, step by step and at times that the model decides: whatever happens in which order."""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from cqrs.broker import Broker, Fenced, Message, define_broker, define_producer, define_topic, positions, reading
from cqrs.broker.membership import Membership
from cqrs.broker.ownership import Ownership
from cqrs.broker.positions import Claim
from tests.broker.handled import GROUP

PARTITIONS = 3
TIMEOUT = 5.0
START = datetime(2030, 1, 1, tzinfo=UTC)


class Participant:
    """A member as the model sees it: what it owns, where it is in that, and how long its lease lasts."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.id = uuid4().hex
        self.lease_until = START
        self.positions: dict[Claim, int] = {}
        membership = Membership(broker.store, group=GROUP, topic=topic, member=self.id, session_timeout=TIMEOUT)
        self.ownership = Ownership(broker.store, membership, group=GROUP, topic=topic, drop=self._drop)

    def _drop(self, claim: Claim) -> None:
        del self.positions[claim]


class Group(RuleBasedStateMachine):
    """Members join, work, freeze (by not stepping), leave and die; producers send; time passes."""

    broker: Broker
    members = Bundle("members")

    @initialize(from_beginning=st.booleans())
    def begin(self, from_beginning: bool) -> None:
        self.topic = f"model-{uuid4().hex[:12]}"
        self.now = START
        self.sent: dict[int, int] = defaultdict(int)
        self.handled: dict[int, set[int]] = defaultdict(set)
        self.owner_of_epoch: dict[tuple[int, int], str] = {}
        self.targets_of_generation: dict[int, dict[int, str]] = {}
        self.participants: list[Participant] = []
        self.broker.topics.create(define_topic(name=self.topic, partitions=PARTITIONS))
        self.producer = self.broker.create_producer(define_producer(topic=self.topic, partition_strategy="round-robin"))
        positions.establish(self.broker.store, group=GROUP, topic=self.topic, from_beginning=from_beginning)

    @rule(number=st.integers(1, 5))
    def send(self, number: int) -> None:
        for sent in self.producer.send([Message(value=None)] * number):
            self.sent[sent.partition] += 1

    @rule(target=members)
    def come(self) -> Participant:
        return self.join()

    def join(self) -> Participant:
        member = Participant(self.broker, self.topic)
        member.ownership.join(at=self.now)
        self.participants.append(member)
        self.step(member)
        return member

    @rule(member=members)
    def step(self, member: Participant) -> None:
        turn = member.ownership.step(at=self.now)
        member.lease_until = self.now + timedelta(seconds=TIMEOUT)
        for claim in turn.gained:
            member.positions[claim] = claim.committed
            owner = self.owner_of_epoch.setdefault((claim.partition, claim.epoch), member.id)
            assert owner == member.id, "an epoch has one owner"
        for claim in turn.unwanted:
            self._release(member, claim)
        assert set(member.positions) == set(member.ownership.claims.values())

    @rule(member=members, number=st.integers(1, 4))
    def handle(self, member: Participant, number: int) -> None:
        if self.now >= member.lease_until:
            return
        for claim, position in member.positions.items():
            read = reading.read(
                self.broker.store, topic=self.topic, partition=claim.partition, offset=position, limit=number
            )
            assert [record.offset for record in read.records] == list(range(position, read.next_offset))
            self.handled[claim.partition].update(record.offset for record in read.records)
            member.positions[claim] = read.next_offset

    @rule(member=members)
    def commit(self, member: Participant) -> None:
        known = positions.of_group(self.broker.store, group=GROUP, topic=self.topic)
        for claim, position in member.positions.items():
            holds = (known[claim.partition].epoch, known[claim.partition].owner) == (claim.epoch, member.id)
            if holds:
                positions.commit(self.broker.store, claim, position)
            else:
                with pytest.raises(Fenced):
                    positions.commit(self.broker.store, claim, position)

    @rule(seconds=st.sampled_from([1, 2, 4, 6]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=members, member=members, thawed_while_working=st.booleans())
    def freeze(self, member: Participant, thawed_while_working: bool) -> MultipleResults[Participant] | Participant:
        """The others give it up and claim what it had; then it goes on in the middle of what it did, or steps."""
        heir = None if len(self.participants) > 1 else self.join()
        for _ in range(2):
            self.wait(4)
            for other in self.participants:
                if other is not member:
                    self.step(other)
        if thawed_while_working:
            self.handle(member, 1)
            self.commit(member)
        return multiple() if heir is None else heir

    @rule(member=consumes(members))
    def die(self, member: Participant) -> None:
        self.participants.remove(member)

    @rule(member=consumes(members))
    def leave(self, member: Participant) -> None:
        for claim in list(member.positions):
            self._release(member, claim)
        member.ownership.leave(at=self.now)
        self.participants.remove(member)

    def _release(self, member: Participant, claim: Claim) -> None:
        offset = member.positions.pop(claim)
        try:
            member.ownership.release(claim.partition, offset=offset)
        except Fenced:
            known = positions.of_group(self.broker.store, group=GROUP, topic=self.topic)
            assert known[claim.partition].epoch > claim.epoch

    @invariant()
    def offsets_are_unique_and_contiguous(self) -> None:
        stored: dict[int, list[int]] = defaultdict(list)
        for message in self.broker.store.messages(self.topic).find({}, {"_id": 1}).sort("_id", 1):
            stored[message["_id"]["partition"]].append(message["_id"]["offset"])
        assert stored == {partition: list(range(number)) for partition, number in self.sent.items()}

    @invariant()
    def nothing_is_committed_that_was_not_handled(self) -> None:
        for partition, position in positions.of_group(self.broker.store, group=GROUP, topic=self.topic).items():
            assert self.handled[partition] >= set(range(position.committed))

    @invariant()
    def a_generation_has_one_assignment_and_a_partition_one_member_in_it(self) -> None:
        group = self.broker.store.groups.find_one({"_id.topic": self.topic})
        assert group is not None
        targets = {one["partition"]: one["member"] for one in group["targets"]}
        assert len(targets) == len(group["targets"])
        assert self.targets_of_generation.setdefault(group["generation"], targets) == targets

    @invariant()
    def no_two_members_may_handle_one_partition_at_one_moment(self) -> None:
        able = [
            claim.partition
            for member in self.participants
            if self.now < member.lease_until
            for claim in member.positions
        ]
        assert len(able) == len(set(able))

    def teardown(self) -> None:
        if not hasattr(self, "participants"):
            return
        self.wait(6)
        last = Participant(self.broker, self.topic)
        last.ownership.join(at=self.now)
        # The first step gives up the dead, who are all others by now.
        self.step(last)
        self.handle(last, 10_000)
        self.commit(last)
        assert {partition: set(range(number)) for partition, number in self.sent.items()} == {
            partition: offsets for partition, offsets in self.handled.items() if offsets
        }
        super().teardown()


@pytest.fixture
def _broker() -> Iterator[None]:
    config = define_broker(mongo_uri=os.environ["MONGODB_URI"], database=f"broker_test_{uuid4().hex[:12]}")
    with Broker(config) as broker:
        Group.broker = broker
        yield
        broker.store.client.drop_database(config.database)


@pytest.mark.usefixtures("_broker")
class TestGroup(Group.TestCase):  # type: ignore[valid-type,misc]  # made by Hypothesis
    settings = settings(
        max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
