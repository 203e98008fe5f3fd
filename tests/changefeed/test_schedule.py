"""The schedule against a model: whatever happens in whatever order, each key stays in order and nothing is lost."""

from datetime import UTC, datetime

from bson import Timestamp
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cqrs.broker.failing import Failure
from cqrs.changefeed.change import Change
from cqrs.changefeed.resume_point import Point
from cqrs.changefeed.schedule import Entry, Schedule, State

KEYS = st.sampled_from("abc")


def change_of(key: str, number: int) -> Change:
    return Change(
        feed="feed",
        operation="insert",
        key=key,
        document_id=key,
        document={"n": number},
        cluster_time=Timestamp(1, number + 1),
        wall_time=datetime(2024, 1, 1, tzinfo=UTC),
        resume_point=f"{number:08}",
    )


class Shard(RuleBasedStateMachine):
    """Handed out, handled, failed, given up and stored at random, as a worker does it."""

    @initialize(held=st.sets(KEYS))
    def begin(self, held: set[str]) -> None:
        self.schedule = Schedule(0, held)
        # By key what letters there are, in order: what a store would hold.
        self.letters: dict[str, list[int]] = {key: [-1] for key in held}
        self.running: list[list[Entry]] = []
        self.added: list[str] = []
        self.handled: dict[str, list[int]] = {}
        self.stored = 0
        self.now = 0.0

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        number = len(self.added)
        self.schedule.add(change_of(key, number), Point(token=f"{number:08}"))
        self.added.append(key)

    @rule()
    def pass_over(self) -> None:
        self.schedule.pass_over(Point(token=f"{len(self.added):08}"))

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        entries = self.schedule.take(limit)
        if entries:
            self.running.append(entries)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), end=st.sampled_from(["done", "again", "alone", "later", "give up"]))
    def come_back(self, data: st.DataObject, end: str) -> None:
        entries = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        if end == "done":
            self.schedule.done(entries)
            for entry in entries:
                self.handled.setdefault(key_of(entry), []).append(entry.number)
        elif end == "again" or (end == "give up" and len(entries) > 1):
            self.schedule.again(entries)
        elif end == "alone":
            self.schedule.again(entries, alone=True)
        elif end == "later":
            self.schedule.later(entries, self.now + 1, alone=data.draw(st.booleans()))
        else:
            self.schedule.give_up(entries[0], Failure(error=ValueError(), failed_at=()))

    @rule()
    def wait(self) -> None:
        self.now += 2
        self.schedule.wake(self.now)

    @rule(limit=st.integers(1, 5))
    def store(self, limit: int) -> None:
        front = self.schedule.front(limit)
        letters = {key: list(some) for key, some in self.letters.items()}
        for entry in front:
            if entry.state is State.PARKED:
                letters.setdefault(key_of(entry), []).append(entry.number)
            elif entry.state is State.WAITING:
                if not letters.get(key_of(entry)):
                    self.schedule.release(entry)
                    return
                letters[key_of(entry)].append(entry.number)
        self.letters = letters
        self.schedule.committed(front)
        if front:
            assert self.stored <= front[-1].following
            self.stored = front[-1].following

    @rule(key=KEYS)
    def take_out_the_letters(self, key: str) -> None:
        """An operator has had them retried, or given them up."""
        for number in self.letters.pop(key, []):
            self.handled.setdefault(key, []).append(number)

    @rule()
    def look_at_the_letters(self) -> None:
        self.schedule.hold([key for key, some in self.letters.items() if some])

    @invariant()
    def one_of_a_key_is_in_hand_at_a_time(self) -> None:
        if not hasattr(self, "running"):
            return
        keys = [{key_of(entry) for entry in entries} for entries in self.running]
        assert sum(len(some) for some in keys) == len(set().union(*keys))

    @invariant()
    def each_key_is_handled_in_order(self) -> None:
        if hasattr(self, "handled"):
            assert all(numbers == sorted(set(numbers)) for numbers in self.handled.values())

    @invariant()
    def what_is_stored_was_handled_or_is_a_letter(self) -> None:
        if not hasattr(self, "stored"):
            return
        for number in range(self.stored):
            key = self.added[number]
            assert number in self.handled.get(key, []) + self.letters.get(key, [])

    @invariant()
    def it_knows_whether_something_is_to_be_handled(self) -> None:
        if hasattr(self, "schedule"):
            assert self.schedule.is_finished == (len(self.schedule.front(10_000)) == len(self.schedule))

    def teardown(self) -> None:
        """Let everything succeed: then nothing is left."""
        if not hasattr(self, "schedule"):
            return
        for entries in self.running:
            self.schedule.again(entries)
        for _ in range(4 * len(self.added) + 4):
            self.running = []
            self.wait()
            self.take(4)
            for entries in self.running:
                self.schedule.done(entries)
                for entry in entries:
                    self.handled.setdefault(key_of(entry), []).append(entry.number)
            self.store(5)
        assert len(self.schedule) == 0
        self.what_is_stored_was_handled_or_is_a_letter()
        assert self.stored == len(self.added)


def test_when_closed_only_what_is_before_something_begun_is_handed_out() -> None:
    schedule = Schedule(0, ())
    for number, key in enumerate("aabcbc"):
        schedule.add(change_of(key, number), Point(token=f"{number:08}"))
    (first,) = schedule.take(1)
    (second,) = schedule.take(1)
    schedule.done([second])

    schedule.close()
    while_one_is_running = schedule.take(9)
    schedule.done([first])
    schedule.close()
    left = schedule.take(9)

    assert [first.number, second.number] == [0, 2]
    assert (while_one_is_running, [entry.number for entry in left]) == ([], [1])
    schedule.done(left)
    assert not schedule.is_ready
    assert [entry.number for entry in schedule.front(9)] == [0, 1, 2]


def key_of(entry: Entry) -> str:
    assert entry.change is not None
    return entry.change.key


TestSchedule = Shard.TestCase
