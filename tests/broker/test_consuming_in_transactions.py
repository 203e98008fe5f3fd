"""Handlers in the transaction of their offset: effects and offset stand or fall together."""

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, Message, define_producer, define_topic, positions, reading
from cqrs.broker import dead_letters as letters
from cqrs.broker.failing import Failure
from cqrs.broker.handling import Handling
from cqrs.broker.positions import Claim
from cqrs.clock import now
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, committed, consumer_of, make_topic, send


def effects(broker: Broker) -> list[object]:
    return [effect["value"] for effect in broker.store.database["effects"].find().sort("$natural", 1)]


def test_the_offset_is_committed_with_the_effect(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["a", "b"])

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)

    consumer_of(broker).subscribe(handle, transactional=True)
    wait_until(lambda: committed(broker) == [2], "both are committed without any interval")

    assert effects(broker) == ["a", "b"]


def test_what_a_failing_handler_wrote_is_undone_and_the_record_becomes_a_letter(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["bad", "good"])

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)
        if record.message.value == "bad":
            raise ValueError

    consumer_of(broker).subscribe(handle, transactional=True)
    wait_until(lambda: committed(broker) == [2], "both are behind it")

    assert effects(broker) == ["good"]
    assert [letter.record.message.value for letter in letters.listing(broker.store, group=GROUP)] == ["bad"]


def test_a_conflict_runs_the_handler_again_and_counts_no_attempt(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["a"])
    broker.store.database["effects"].insert_one({"value": "other"})
    runs: list[int] = []

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        runs.append(record.offset)
        target = broker.store.database["effects"]
        target.find_one({}, session=session)
        if len(runs) < 3:
            # Somebody else is quicker.
            target.update_one({}, {"$inc": {"by_others": 1}})
        target.update_one({}, {"$set": {"value": record.message.value}}, session=session)

    consumer_of(broker, max_retries=1).subscribe(handle, transactional=True)
    wait_until(lambda: committed(broker) == [1], "it is committed")

    assert effects(broker) == ["a"]
    assert len(runs) == 3
    assert letters.listing(broker.store) == []


def test_an_effect_whose_commit_was_not_heard_of_is_not_repeated(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["a"])
    claim, records = claimed(broker)
    handling = handling_effects(broker)

    handling.handle(broker.store, claim, lambda: records)
    # What the worker does when it does not hear whether that was committed.
    handling.handle(broker.store, claim, lambda: records)

    assert effects(broker) == ["a"]


def test_the_effect_of_a_letter_whose_commit_was_not_heard_of_is_not_repeated(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["a"])
    claim, (record,) = claimed(broker)
    letters.park(broker.store, claim, record, Failure(error=ValueError(), failed_at=(now(),)))
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    letter = letters.next_to_retry(broker.store, claim)
    handling = handling_effects(broker)
    assert letter is not None

    handling.handle_again(broker.store, claim, letter)
    handling.handle_again(broker.store, claim, letter)

    assert effects(broker) == ["a"]
    assert letters.listing(broker.store) == []


def claimed(broker: Broker) -> tuple[Claim, Sequence[ConsumerRecord]]:
    """Return a claim of the only partition, and all of its records."""
    store = broker.store
    positions.establish(store, group=GROUP, topic=TOPIC, from_beginning=True)
    seen = positions.of_group(store, group=GROUP, topic=TOPIC)[0]
    claim = positions.claim(store, group=GROUP, topic=TOPIC, seen=seen, member="me")
    assert claim is not None
    return claim, reading.read(store, topic=TOPIC, partition=0, offset=0, limit=100).records


def handling_effects(broker: Broker) -> Handling:
    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)

    return Handling(handler=handle, group=GROUP, payload=None, batch=False, transactional=True, interceptors=())


def test_a_batch_is_one_transaction(broker: Broker) -> None:
    make_topic(broker)
    send(broker, range(10))
    sizes: list[int] = []

    def handle(records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        sizes.append(len(records))
        documents = [{"value": record.message.value} for record in records]
        broker.store.database["effects"].insert_many(documents, session=session)

    consumer_of(broker).subscribe(handle, batch=True, transactional=True)
    wait_until(lambda: committed(broker) == [10], "all are committed")

    assert effects(broker) == list(range(10))
    assert sizes == [10]


def test_a_message_may_be_sent_on_in_the_same_transaction(broker: Broker) -> None:
    make_topic(broker)
    broker.topics.create(define_topic(name="invoices"))
    onward = broker.create_producer(define_producer(topic="invoices"))
    send(broker, ["a", "bad"])

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        onward.send(Message(value=record.message.value), session=session)
        if record.message.value == "bad":
            raise ValueError

    consumer_of(broker).subscribe(handle, transactional=True)
    wait_until(lambda: committed(broker) == [2], "both are behind it")

    assert TOPIC != "invoices"
    assert broker.store.messages("invoices").count_documents({}) == 1


def test_a_letter_is_retried_in_a_transaction(broker: Broker) -> None:
    make_topic(broker)
    send(broker, ["a"])
    failures = [ValueError()]

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        broker.store.database["effects"].insert_one({"value": record.message.value}, session=session)
        if failures:
            raise failures.pop()

    consumer_of(broker, max_retries=1).subscribe(handle, transactional=True)
    wait_until(lambda: letters.listing(broker.store), "it is a letter")
    letters.retry(broker.store, group=GROUP, topic=TOPIC)
    wait_until(lambda: not letters.listing(broker.store), "it was handled")

    assert effects(broker) == ["a"]
