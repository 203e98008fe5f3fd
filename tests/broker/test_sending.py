"""Sending: what is stored where, and that nothing is stored where anything is wrong."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from cqrs.broker import (
    Broker,
    BrokerConfig,
    InvalidMessage,
    Message,
    MessageTooLarge,
    MissingKey,
    NotConnected,
    Sent,
    UnknownTopic,
    define_broker,
    define_producer,
    define_topic,
)
from cqrs.broker.reading import read
from cqrs.context import Context, use
from tests.broker.forked import in_a_fork
from tests.broker.stored_messages import counted, documents, offsets, values
from tests.broker.transactions import committed_transactions

TOPIC = "orders"
NOON = datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))


def test_messages_get_the_next_offsets_of_their_partition(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    results = [producer.send(Message(value=1)), producer.send([Message(value=2), Message(value=3)])]

    assert results == [[Sent(partition=0, offset=0)], [Sent(partition=0, offset=1), Sent(partition=0, offset=2)]]
    assert values(broker, TOPIC) == [1, 2, 3]


def test_a_message_is_stored_as_it_was_given(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    message = Message(key="k", value={"a": [1, None]}, timestamp=NOON, headers={"eventType": "order.placed"})

    producer.send(message)

    page = read(broker.store, topic=TOPIC, partition=0, offset=0, limit=10)
    assert [record.message for record in page.records] == [message]
    assert documents(broker, TOPIC)[0]["timestamp"] == datetime(2030, 1, 1, 10)  # noqa: DTZ001 - as the driver reads it


def test_a_message_without_a_time_has_the_time_of_sending(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    producer.send(Message(value=1))

    record = read(broker.store, topic=TOPIC, partition=0, offset=0, limit=10).records[0]
    after = datetime.now(UTC)
    assert record.message.timestamp is not None
    assert before <= record.message.timestamp <= after
    assert before <= record.timestamp <= after


def test_the_trace_at_hand_goes_with_the_message_unless_it_has_one(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with use(Context(app_id="test", traceparent="00-1-2-01")):
        producer.send([Message(value=1), Message(value=2, headers={"traceparent": "00-3-4-01"})])

    assert [document["headers"]["traceparent"] for document in documents(broker, TOPIC)] == ["00-1-2-01", "00-3-4-01"]


def test_nothing_to_send_is_no_error_and_stores_nothing(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    sent = producer.send([])

    assert sent == []
    assert broker.topics.all() == []


def test_one_call_to_several_partitions_is_one_transaction(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=3, partition_strategy="round-robin"))
    producer.send(Message(value="first"))

    before = committed_transactions(broker)
    sent = producer.send([Message(value=number) for number in range(9)])
    after = committed_transactions(broker)

    assert after - before == 1
    assert {place.partition for place in sent} == {0, 1, 2}
    assert sum(len(found) for found in offsets(broker, TOPIC).values()) == 10


def test_counters_are_taken_in_the_order_of_their_partitions(broker: Broker) -> None:
    """Whoever takes them in another order would meet others half-way."""
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=3))
    producer.send(Message(value="first"))

    broker.store.database.command("profile", 2)
    sent = producer.send([Message(key=key, value=1) for key in ("purchase-3", "customer/42", "")])
    broker.store.database.command("profile", 0)

    taken = broker.store.database["system.profile"].find({"command.findAndModify": "counters"}).sort("$natural", 1)
    assert [place.partition for place in sent] == [2, 0, 1]
    assert [one["command"]["query"]["_id"]["partition"] for one in taken] == [0, 1, 2]


def test_a_conflict_in_one_partition_leaves_nothing_in_the_others(broker: Broker) -> None:
    """The transaction meets a message that should not be there, in the last partition that it writes to."""
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=3, partition_strategy="round-robin"))
    broker.topics.create(define_topic(name=TOPIC, partitions=3))
    broker.store.database["messages.orders"].insert_one({"_id": {"partition": 2, "offset": 0}})

    with pytest.raises(Exception, match="E11000"):
        producer.send([Message(value=number) for number in range(3)])

    assert offsets(broker, TOPIC) == {2: [0]}
    assert counted(broker, TOPIC) == {}


def test_the_stored_number_of_partitions_counts_not_the_producers(broker: Broker) -> None:
    broker.topics.create(define_topic(name=TOPIC, partitions=2))
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=7))

    producer.send([Message(key=str(number), value=number) for number in range(50)])

    assert set(offsets(broker, TOPIC)) == {0, 1}


def test_a_running_producer_follows_added_partitions_at_once(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    producer.send(Message(key="order-1", value=0))

    broker.topics.add_partitions(name=TOPIC, partitions=12)
    sent = producer.send([Message(key="order-1", value=1), Message(key="ação", value=2)])

    assert [place.partition for place in sent] == [5, 8]


def test_messages_with_one_key_share_a_partition(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=5, partition_strategy="key-based"))

    sent = producer.send([Message(key=key, value=number) for number in range(5) for key in "abc"])

    assert len({place.partition for place in sent[0::3]}) == 1
    assert len({place.partition for place in sent[1::3]}) == 1


def test_round_robin_goes_on_from_call_to_call(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC, partitions=3, partition_strategy="round-robin"))

    partitions = [producer.send(Message(value=number))[0].partition for number in range(6)]

    assert sorted(partitions[:3]) == [0, 1, 2]
    assert partitions[:3] == partitions[3:]


def test_a_topic_that_may_not_be_created_is_unknown_and_stays_so(broker_config: BrokerConfig) -> None:
    config = define_broker(mongo_uri=broker_config.mongo_uri, database=broker_config.database, auto_create_topics=False)

    with Broker(config) as broker:
        producer = broker.create_producer(define_producer(topic=TOPIC))
        with pytest.raises(UnknownTopic):
            producer.send(Message(value=1))

        assert broker.topics.all() == []
        assert "messages.orders" not in broker.store.database.list_collection_names()


def test_a_disconnected_broker_sends_nothing(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    producer.send(Message(value=1))

    broker.disconnect()
    with pytest.raises(NotConnected):
        producer.send(Message(value=2))

    broker.connect()
    assert values(broker, TOPIC) == [1]


def test_a_forked_process_can_send_with_the_producer_of_its_parent(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    producer.send(Message(value="before"))

    def work() -> object:
        return producer.send(Message(value="child"))[0].offset

    offset = in_a_fork(work)
    producer.send(Message(value="after"))

    assert offset == 1
    assert values(broker, TOPIC) == ["before", "child", "after"]


WRONG: dict[str, Any] = {
    "a value that is no JSON": Message(value={"at": NOON}),
    "a header that is no string": Message(value=1, headers={"n": 1}),  # type: ignore[dict-item]
    "headers that are no mapping": Message(value=1, headers=[]),  # type: ignore[arg-type]
    "a header with NUL": Message(value=1, headers={"a\0": "b"}),
    "a header with a lone surrogate": Message(value=1, headers={"a": "\ud800"}),
    "a key that is no string": Message(value=1, key=5),  # type: ignore[arg-type]
    "a key with a lone surrogate": Message(value=1, key="\udfff"),
    "a time without a zone": Message(value=1, timestamp=datetime(2030, 1, 1)),  # noqa: DTZ001
    "a time beyond the calendar": Message(
        value=1, timestamp=datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
    ),
    "a time that is none": Message(value=1, timestamp="now"),  # type: ignore[arg-type]
    "no message at all": {"value": 1},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_a_wrong_message_in_the_middle_is_named_and_nothing_is_written(broker: Broker, wrong: Any) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with pytest.raises(InvalidMessage) as caught:
        producer.send([Message(value=1), wrong, Message(value=3)])

    assert caught.value.index == 1
    assert caught.value.reason
    assert broker.topics.all() == []


def test_key_based_requires_a_key(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC, partition_strategy="key-based"))

    with pytest.raises(MissingKey) as caught:
        producer.send([Message(key="", value=1), Message(value=2)])

    assert caught.value.index == 1
    assert broker.topics.all() == []


def test_a_message_up_to_the_limit_is_stored_and_one_above_it_is_refused(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    largest = Message(value="x" * (15_000_000 - 200))

    producer.send(largest)
    with pytest.raises(MessageTooLarge) as caught:
        producer.send([Message(value=1), Message(value="x" * 15_000_000)])

    assert (caught.value.index, caught.value.limit) == (1, 15_000_000)
    assert caught.value.size > 15_000_000
    assert offsets(broker, TOPIC) == {0: [0]}


def test_a_call_above_the_limit_of_a_transaction_is_refused(broker: Broker) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with pytest.raises(MessageTooLarge) as caught:
        producer.send([Message(value="x" * 14_000_000)] * 5)

    assert caught.value.index == 4
    assert broker.topics.all() == []


@pytest.mark.parametrize(
    ("number", "size"), [(2, 9_000_000), (10_001, 1)], ids=["more bytes than one command takes", "more documents"]
)
def test_a_call_that_takes_several_commands_is_stored_whole(broker: Broker, number: int, size: int) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))

    sent = producer.send([Message(value="x" * size)] * number)

    assert [one.offset for one in sent] == list(range(number))
    assert broker.store.messages(TOPIC).count_documents({}) == number
