"""Random interleavings of real transactions and readers: whatever the order, every committed event is handled once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from cqrs.eventlog.subscription import Subscription
from cqrs.messages import Recorded
from cqrs.testing.drain import drain
from tests.clean import empty_stores
from tests.eventlog.things import THING, changed, place_of, thing_in_shard
from tests.eventlog.writers import Writer

WRITERS = 4
EXAMPLES = 12
STEPS = 50
Place = tuple[UUID, int | None]


class Crash(BaseException):
    """The process ends before its batch commits."""


class Interleaving(RuleBasedStateMachine):
    """Writers with open transactions, and two subscriptions to the same shards that take turns and may crash."""

    writers: tuple[Writer, ...]

    @initialize()
    def begin_afresh(self) -> None:
        empty_stores()
        self.things = [thing_in_shard(0) for _ in range(4)] + [thing_in_shard(3)]
        self.versions = dict.fromkeys(self.things, 0)
        self.open: dict[int, list[Place]] = {}
        self.committed: list[Place] = []
        self.handled: list[Place] = []
        self.in_hand: list[Place] = []
        self.crashing = False
        self.readers = [Subscription("test", aggregate_type=THING, handle=self.handle, batch_size=2) for _ in range(2)]

    @rule(writer=st.integers(0, WRITERS - 1))
    def begin(self, writer: int) -> None:
        if writer not in self.open:
            self.writers[writer].begin()
            self.open[writer] = []

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def append(self, data: Any) -> None:
        writer = data.draw(st.sampled_from(sorted(self.open)))
        held = {thing for other, places in self.open.items() if other != writer for thing, _ in places}
        if free := [thing for thing in self.things if thing not in held]:
            thing = data.draw(st.sampled_from(free))
            version = self.versions[thing] + 1
            self.writers[writer].append(changed(thing, version))
            self.versions[thing] = version
            self.open[writer].append((thing, version))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def commit(self, data: Any) -> None:
        writer = data.draw(st.sampled_from(sorted(self.open)))
        self.writers[writer].commit()
        self.committed += self.open.pop(writer)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def roll_back(self, data: Any) -> None:
        writer = data.draw(st.sampled_from(sorted(self.open)))
        self.writers[writer].rollback()
        for thing, _ in self.open.pop(writer):
            self.versions[thing] -= 1

    @rule(reader=st.integers(0, 1))
    def step(self, reader: int) -> None:
        self.readers[reader].step()

    @rule(reader=st.integers(0, 1))
    def crash(self, reader: int) -> None:
        self.crashing = True
        try:
            self.readers[reader].step()
        except Crash:
            self.handled = self.handled[: len(self.handled) - len(self.in_hand)]
        finally:
            self.crashing = False

    def handle(self, events: Sequence[Recorded]) -> None:
        self.in_hand = [place_of(event) for event in events]
        self.handled += self.in_hand
        for thing, version in self.in_hand:
            before = [held for other, held in self.handled if other == thing]
            assert before == list(range(1, len(before) + 1)), f"out of order: {before}, at version {version}"
        if self.crashing:
            raise Crash

    def teardown(self) -> None:
        for writer in sorted(getattr(self, "open", {})):
            self.writers[writer].commit()
            self.committed += self.open[writer]
        if hasattr(self, "readers"):
            drain(self.readers[0].step)
            assert sorted(self.handled) == sorted(self.committed)


@pytest.fixture
def writers(clean_stores: None) -> Any:
    writers = tuple(Writer() for _ in range(WRITERS))
    yield writers
    for writer in writers:
        writer.close()


def test_every_committed_event_is_handled_once_and_in_order(writers: tuple[Writer, ...]) -> None:
    class WithWriters(Interleaving):
        pass

    WithWriters.writers = writers

    run_state_machine_as_test(
        WithWriters,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
