"""A topic that is deleted and made anew: its groups start again, as their policy says, and say so."""

import logging

import pytest

from cqrs.broker import (
    Broker,
    ConsumerRecord,
    Message,
    Sent,
    TopicRemade,
    define_producer,
    define_topic,
    lag,
    positions,
)
from cqrs.broker import dead_letters as letters
from cqrs.testing.waiting import wait_until
from tests.broker.handled import GROUP, TOPIC, Handled, committed, consumer_of, make_topic, send
from tests.broker.letters import Failing, parked, send_keyed, wait_for_letters
from tests.broker.stored_messages import values


def make_anew(broker: Broker) -> None:
    """Delete the topic as an operator would, and create it again."""
    delete(broker)
    make_topic(broker)


def delete(broker: Broker) -> None:
    broker.store.topics.delete_one({"_id": TOPIC})
    broker.store.counters.delete_many({"_id.topic": TOPIC})
    broker.store.messages(TOPIC).drop()


def forget_identities(broker: Broker) -> None:
    """Make the data what it was before topics had an identity."""
    for collection in (broker.store.topics, broker.store.counters, broker.store.positions, broker.store.dead_letters):
        collection.update_many({}, {"$unset": {"topicId": True}})


@pytest.fixture
def group(broker: Broker) -> None:
    """A group that has handled ten messages, and has no member."""
    make_topic(broker)
    send(broker, range(10))
    handled = Handled()
    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    handled.wait_for(10)
    consumer.unsubscribe()


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("number", [3, 20], ids=["shorter than before", "longer than before"])
def test_with_the_policy_earliest_all_of_the_new_topic_is_handled(
    broker: Broker, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    make_anew(broker)
    send(broker, range(100, 100 + number))
    handled = Handled()

    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    handled.wait_for(number)
    consumer.unsubscribe()

    assert handled.values == list(range(100, 100 + number))
    assert committed(broker) == [number]
    (told,) = [record for record in caplog.records if record.message == "topic was made anew, the group starts again"]
    assert told.levelno == logging.ERROR
    assert (told.__dict__["partition"], told.__dict__["former"], told.__dict__["offset"]) == (0, 10, 0)


@pytest.mark.usefixtures("group")
def test_with_the_policy_latest_it_goes_on_with_what_comes_after_subscribing(broker: Broker) -> None:
    make_anew(broker)
    send(broker, ["old"])
    handled = Handled()

    consumer_of(broker, on_purged="latest").subscribe(handled)
    send(broker, ["new"])
    handled.wait_for(1)

    assert handled.values == ["new"]


@pytest.mark.usefixtures("group")
def test_with_the_policy_fail_subscribing_raises_and_nothing_is_moved(broker: Broker) -> None:
    make_anew(broker)
    send(broker, ["new"])
    errors: list[Exception] = []
    consumer = consumer_of(broker, on_purged="fail")

    with pytest.raises(TopicRemade) as caught:
        consumer.subscribe(Handled(), lambda error, _: errors.append(error))

    assert (caught.value.topic, caught.value.partition, caught.value.offset) == (TOPIC, 0, 10)
    assert errors == [caught.value]
    assert not consumer.is_subscribed
    assert committed(broker) == [10]


@pytest.mark.usefixtures("group")
def test_with_the_policy_fail_a_consumer_at_work_stops_and_keeps_the_cause(broker: Broker) -> None:
    errors: list[Exception] = []
    consumer = consumer_of(broker, on_purged="fail")
    consumer.subscribe(Handled(), lambda error, _: errors.append(error))
    wait_until(consumer.offset_info, "it has the partition")

    make_anew(broker)
    wait_until(lambda: not consumer.is_subscribed, "it has stopped by itself")
    consumer.unsubscribe()

    assert isinstance(consumer.failure, TopicRemade)
    assert errors == [consumer.failure]
    assert committed(broker) == [10]


@pytest.mark.usefixtures("group")
def test_a_consumer_at_work_goes_over_to_the_new_topic(broker: Broker) -> None:
    handled = Handled()
    consumer_of(broker).subscribe(handled)
    send(broker, ["before"])
    handled.wait_for(1)

    make_anew(broker)
    send(broker, range(5))
    handled.wait_for(6)

    assert handled.values == ["before", 0, 1, 2, 3, 4]


@pytest.mark.usefixtures("group")
def test_what_is_in_hand_while_the_topic_is_made_anew_moves_no_position(broker: Broker) -> None:
    consumer = consumer_of(broker)

    def hold(record: ConsumerRecord) -> None:
        if record.message.value == "in hand":
            make_anew(broker)
            send(broker, range(20))
            wait_until(lambda: consumer.offset_info() == {}, "the partition is lost")

    handled = Handled(on=hold)
    consumer.subscribe(handled)
    send(broker, ["in hand"])
    handled.wait_for(21)
    consumer.unsubscribe()

    assert handled.values == ["in hand", *range(20)]
    assert committed(broker) == [20]


@pytest.mark.usefixtures("group")
def test_a_group_without_members_is_behind_by_all_of_the_new_topic(broker: Broker) -> None:
    make_anew(broker)
    send(broker, range(12))

    measured = lag.measure(broker.store, group=GROUP, topic=TOPIC)

    assert measured[0].lag == 12


@pytest.mark.usefixtures("group")
def test_data_without_identities_keeps_its_positions(broker: Broker) -> None:
    forget_identities(broker)
    send(broker, ["next"])
    handled = Handled()

    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    handled.wait_for(1)
    consumer.unsubscribe()

    assert handled.values == ["next"]
    assert committed(broker) == [11]


@pytest.mark.usefixtures("group")
def test_without_identities_a_position_behind_the_end_tells_that_the_topic_is_another(broker: Broker) -> None:
    delete(broker)
    make_topic(broker)
    send(broker, range(3))
    forget_identities(broker)
    handled = Handled()

    consumer_of(broker).subscribe(handled)
    handled.wait_for(3)

    assert handled.values == [0, 1, 2]


@pytest.mark.usefixtures("group")
def test_a_position_from_before_identities_takes_that_of_its_topic(broker: Broker) -> None:
    broker.store.positions.update_many({}, {"$unset": {"topicId": True}})

    restarts = positions.establish(broker.store, group=GROUP, topic=TOPIC, from_beginning=True)

    (position,) = positions.of_group(broker.store, group=GROUP, topic=TOPIC).values()
    assert restarts == ()
    assert (position.committed, position.topic_id) == (10, topic_id(broker))


def test_partitions_that_are_added_belong_to_the_topic(broker: Broker) -> None:
    make_topic(broker)

    broker.topics.add_partitions(name=TOPIC, partitions=3)

    identities = broker.store.counters.distinct("topicId", {"_id.topic": TOPIC})
    assert identities == [topic_id(broker)]


@pytest.mark.parametrize("with_identities", [True, False])
def test_letters_of_the_former_topic_stay_and_hold_up_nobody_in_the_new_one(
    broker: Broker, with_identities: bool
) -> None:
    make_topic(broker)
    failing = consumer_of(broker, max_retries=0)
    failing.subscribe(Failing(poison=1))
    send_keyed(broker, ("one", "poison"), ("one", "waits"))
    wait_for_letters(broker, 2)
    failing.unsubscribe()
    if not with_identities:
        forget_identities(broker)
    delete(broker)
    broker.topics.create(define_topic(name=TOPIC))
    send_keyed(broker, ("one", "bad"), ("one", "behind"))
    if not with_identities:
        # Nothing else tells that it is another: an identity that it has would.
        broker.store.positions.update_many({}, {"$set": {"committed": 5}})

    consumer = consumer_of(broker, max_retries=0)
    consumer.subscribe(Failing(bad=1))
    wait_for_letters(broker, 4)
    (poison,) = [one for one in wait_for_letters(broker, 4) if one.record.message.value == "poison"]
    letters.discard(broker.store, poison.id)
    wait_until(lambda: len(parked(broker)) == 2, "what waited behind it was handled")

    assert parked(broker) == [("bad", "parked"), ("behind", "waiting")]


def topic_id(broker: Broker) -> object:
    topic = broker.store.topics.find_one({"_id": TOPIC})
    assert topic is not None
    return topic["topicId"]


@pytest.mark.parametrize("is_within", [False, True], ids=["alone", "in a transaction of the caller"])
def test_a_key_that_was_used_in_the_former_topic_is_a_new_one(broker: Broker, is_within: bool) -> None:
    make_topic(broker)
    producer = broker.create_producer(define_producer(topic=TOPIC))

    def send() -> list[Sent]:
        if not is_within:
            return producer.send([Message(value=n) for n in range(3)], idempotency_key="k")
        with broker.store.client.start_session() as session, session.start_transaction():
            return producer.send([Message(value=n) for n in range(3)], idempotency_key="k", session=session)

    former = send()
    make_anew(broker)
    first, second = send(), send()

    assert former == first == second
    assert values(broker, TOPIC) == [0, 1, 2]
