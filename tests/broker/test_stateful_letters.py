"""A group of real consumers against a model in which records fail, wait behind letters, and operators decide."""

import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cqrs.broker import Broker, ConsumerRecord, Message, Timing, define_broker, define_producer, define_topic, positions
from cqrs.broker import dead_letters as letters
from cqrs.broker.consumer import Consumer
from cqrs.broker.dead_letters import DeadLetter
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, consumer_of
from tests.broker.letters_model import FOR_EVER, MAX_RETRIES, Model, Place, Sent

PARTITIONS = 2
MOST_MEMBERS = 3
TIMING = Timing(heartbeat=0.03, session_timeout=10)
KEYS = st.sampled_from(["a", "b", None])
# Never, once in place, until it is a letter, until it is mended.
FAILS = st.sampled_from([0, 0, 0, 0, 0, 0, 1, MAX_RETRIES, FOR_EVER])
RECORDS = st.lists(st.tuples(KEYS, FAILS), min_size=3, max_size=8)


class Handler:
    """Fails as often as is planned for a value, and keeps an account of every attempt."""

    def __init__(self) -> None:
        self.plan: dict[str, int] = {}
        # Attempts and what became of them, in their order; None where an operator has discarded the record.
        self.account: list[tuple[Place, bool | None]] = []
        self._writing = threading.Lock()

    def __call__(self, given: ConsumerRecord | Sequence[ConsumerRecord], *_: object) -> None:
        records = [given] if isinstance(given, ConsumerRecord) else given
        bad = [record for record in records if self.plan[record.message.value]]
        if bad and len(records) > 1:
            raise ValueError("one of them fails")
        with self._writing:
            self.account += [((record.partition, record.offset), not bad) for record in records]
        for record in bad:
            self.plan[record.message.value] -= 1
            raise ValueError(record.message.value)


class FailingGroup(RuleBasedStateMachine):
    """Producers send, members come and go with and without committing, operators look after letters."""

    broker: Broker

    @initialize(batch=st.booleans(), transactional=st.booleans(), records=RECORDS)
    def begin(self, batch: bool, transactional: bool, records: list[tuple[str | None, int]]) -> None:
        self.topic = f"model-{uuid4().hex[:12]}"
        self.batch, self.transactional = batch, transactional
        self.handler = Handler()
        self.members: list[Consumer] = []
        self.owner_of_epoch: dict[tuple[int, int], str] = {}
        self.targets_of_generation: dict[int, dict[int, str]] = {}
        self.model = Model(partitions=PARTITIONS, commits_with_effect=transactional)
        self.broker.topics.create(define_topic(name=self.topic, partitions=PARTITIONS))
        self.producer = self.broker.create_producer(define_producer(topic=self.topic))
        self.join()
        self.send(records)

    @rule(records=RECORDS)
    def send(self, records: list[tuple[str | None, int]]) -> None:
        first = len(self.model.sent)
        messages = [Message(key=key, value=f"r{number}") for number, (key, _) in enumerate(records, first)]
        # Before they are sent: they may be handled before the call returns.
        self.handler.plan |= {message.value: fails for message, (_, fails) in zip(messages, records, strict=True)}
        for sent, message, (_, fails) in zip(self.producer.send(messages), messages, records, strict=True):
            place = (sent.partition, sent.offset)
            self.model.sent[place] = Sent(place, message.value, message.key, fails)
        self.settle()

    @rule()
    def come(self) -> None:
        if len(self.members) < MOST_MEMBERS:
            self.join()

    def join(self) -> None:
        member = consumer_of(
            self.broker,
            timing=TIMING,
            topic=self.topic,
            auto_commit=False,
            max_retries=MAX_RETRIES,
            max_await_time_ms=20,
            batch_size=4,
        )
        member.subscribe(self.handler, batch=self.batch, transactional=self.transactional)
        self.members.append(member)
        self.settle()

    @rule(which=st.integers(0, MOST_MEMBERS - 1))
    def leave(self, which: int) -> None:
        """What it has not committed is handled again by whoever owns its partitions next."""
        if not self.members:
            return
        self.members.pop(which % len(self.members)).unsubscribe()
        self.settle()

    @rule()
    def commit(self) -> None:
        for member in self.members:
            member.commit()
        if self.members:
            self.model.commit()

    @rule(which=st.integers(0, 100), how=st.sampled_from(["one", "key", "all"]), mended=st.booleans())
    def retry(self, which: int, how: str, mended: bool) -> None:
        place = self.letter(which)
        record = self.model.sent[place]
        key = record.key
        if mended:
            record.fails = self.handler.plan[record.value] = 0
        if how == "one":
            wanted = {"letter_id": self.listed()[place].id}
            expected = self.model.retry(lambda record: record.place == place)
        elif how == "key" and key is not None:
            wanted = {"key": key}
            expected = self.model.retry(lambda record: record.key == key)
        else:
            wanted = {}
            expected = self.model.retry(lambda _: True)
        assert letters.retry(self.broker.store, group=GROUP, topic=self.topic, **wanted) == expected
        self.settle()

    @rule(which=st.integers(0, 100))
    def discard(self, which: int) -> None:
        place = self.letter(which)
        self.handler.account.append((place, None))
        assert letters.discard(self.broker.store, self.listed()[place].id)
        self.model.discard(place)
        self.settle()

    def letter(self, which: int) -> Place:
        """Return the place of some letter, of a new one where there is none."""
        if not self.model.letters:
            if not self.members:
                self.join()
            self.send([("a", FOR_EVER), ("a", 0)])
        places = sorted(self.model.letters)
        return places[which % len(places)]

    def listed(self) -> dict[Place, DeadLetter]:
        found = letters.listing(self.broker.store, group=GROUP, topic=self.topic, limit=10_000)
        return {(one.record.partition, one.record.offset): one for one in found}

    def settle(self) -> None:
        """Let the members come to rest: all is shared out and handled, and no letter is to be tried again."""
        if self.members:
            wait_until(self.is_at_rest, "the members have nothing left to do")
            self.model.work()

    def is_at_rest(self) -> bool:
        infos = [member.offset_info() for member in self.members]
        shares = sorted(len(info) for info in infos)
        return (
            sum(shares) == PARTITIONS
            and shares[-1] - shares[0] <= 1
            and all(one.lag == 0 for info in infos for one in info.values())
            and not letters.partitions_to_retry(self.broker.store, group=GROUP, topic=self.topic)
        )

    @invariant()
    def offsets_are_unique_and_contiguous(self) -> None:
        stored: dict[int, list[int]] = defaultdict(list)
        for message in self.broker.store.messages(self.topic).find({}, {"_id": 1}).sort("_id", 1):
            stored[message["_id"]["partition"]].append(message["_id"]["offset"])
        sent = Counter(partition for partition, _ in self.model.sent)
        assert stored == {partition: list(range(number)) for partition, number in sent.items()}

    @invariant()
    def exactly_what_should_be_is_handled_and_nothing_is_lost(self) -> None:
        handled = {place for place, succeeded in self.handler.account if succeeded}
        assert handled == self.model.handled
        assert set(self.model.sent) >= handled | set(self.model.letters) | self.model.discarded

    @invariant()
    def the_letters_are_those_of_the_model(self) -> None:
        listed = self.listed()
        assert {place: letter.state for place, letter in listed.items()} == self.model.letters
        for place, letter in listed.items():
            record, failures = self.model.sent[place], self.model.failures[place]
            assert (letter.record.message.value, letter.record.message.key) == (record.value, record.key)
            assert letter.attempts == len(letter.failed_at) == failures
            assert failures == self.handler.account.count((place, False))

    @invariant()
    def nothing_is_committed_that_was_not_handled_discarded_or_put_aside(self) -> None:
        committed = {partition: one.committed for partition, one in self.positions().items()}
        done = {place for place, succeeded in self.handler.account if succeeded is not False} | set(self.listed())
        assert committed == self.model.committed
        assert done >= {(partition, offset) for partition, end in committed.items() for offset in range(end)}

    @invariant()
    def a_record_is_tried_only_when_those_before_it_of_its_key_are_done_with(self) -> None:
        done: set[Place] = set()
        for place, succeeded in self.handler.account:
            record = self.model.sent[place]
            if succeeded is not None and record.key is not None:
                assert done >= self.model.before(record)
            if succeeded is not False:
                done.add(place)

    @invariant()
    def an_epoch_has_one_owner_and_a_generation_one_assignment(self) -> None:
        for partition, position in self.positions().items():
            if position.owner is not None:
                assert self.owner_of_epoch.setdefault((partition, position.epoch), position.owner) == position.owner
        group = self.broker.store.groups.find_one({"_id.topic": self.topic})
        assert group is not None
        targets = {one["partition"]: one["member"] for one in group["targets"]}
        assert len(targets) == len(group["targets"])
        assert self.targets_of_generation.setdefault(group["generation"], targets) == targets

    def positions(self) -> dict[int, positions.Position]:
        return positions.of_group(self.broker.store, group=GROUP, topic=self.topic)

    def teardown(self) -> None:
        if not hasattr(self, "members"):
            return
        if not self.members:
            self.join()
        assert set(self.model.sent) == self.model.handled | set(self.model.letters) | self.model.discarded
        self.exactly_what_should_be_is_handled_and_nothing_is_lost()
        for member in self.members:
            member.unsubscribe()


@pytest.fixture
def _broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Hundreds of attempts are made; how long they wait is held elsewhere.
    monkeypatch.setattr("cqrs.retry.LEAST_DELAY", 0.001)
    config = define_broker(mongo_uri=os.environ["MONGODB_URI"], database=f"broker_test_{uuid4().hex[:12]}")
    with Broker(config) as broker:
        # Somebody who stays: with the last consumer of a database its stream ends, for which that would wait.
        broker.topics.create(define_topic(name="other"))
        consumer_of(broker, topic="other").subscribe(lambda _: None)
        FailingGroup.broker = broker
        yield
        broker.store.client.drop_database(config.database)


@pytest.mark.usefixtures("_broker")
class TestFailingGroup(FailingGroup.TestCase):  # type: ignore[valid-type,misc]  # made by Hypothesis
    settings = settings(
        max_examples=16,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        # Real members take too long to look for the shortest failure.
        phases=[Phase.generate],
    )
