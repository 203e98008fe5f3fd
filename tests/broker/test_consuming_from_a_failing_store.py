"""Consuming from a mongod that is told to answer as one does after a change of primary or with a short oplog."""

import time
from collections.abc import Iterator

import pytest
from pymongo.client_session import ClientSession

from cqrs.broker import Broker, ConsumerRecord, dead_letters, define_broker
from cqrs.testing.waiting import wait_until
from tests.broker import stored_messages
from tests.broker.handled import TOPIC, Handled, committed, consumer_of, make_topic, send
from tests.broker.test_consuming_through_faults import POLLS_SELDOM
from tests.users_query.failing_mongodb import FailingMongoDB, failing_mongodb

HISTORY_LOST = 286
# Seconds: a tenth, twice that, and so on, each less a fifth at the most.
LEAST_PAUSES = (0.1, 0.16, 0.32, 0.64)
STEPPED_DOWN = 189
NOT_CONFIRMED = 64
EVERYTHING = ["find", "aggregate", "getMore", "update", "findAndModify", "distinct", "commitTransaction", "insert"]


@pytest.fixture(scope="module")
def failing() -> Iterator[FailingMongoDB]:
    """A mongod of its own that fails on demand."""
    with failing_mongodb() as failing:
        yield failing


@pytest.fixture
def broker(failing: FailingMongoDB) -> Iterator[Broker]:
    """A broker on it, with an empty database."""
    address = failing.documents.database.client.address
    assert address is not None
    # A server that only pretends to have stepped down does not tell that it is back.
    uri = f"mongodb://{address[0]}:{address[1]}/?directConnection=true&heartbeatFrequencyMS=500"
    with Broker(define_broker(mongo_uri=uri, database="failing_broker")) as broker:
        yield broker
    failing.elsewhere.database.client.drop_database("failing_broker")


def test_a_stream_whose_history_is_lost_starts_without_it(broker: Broker, failing: FailingMongoDB) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, **POLLS_SELDOM).subscribe(handled)
    send(broker, [0])
    handled.wait_for(1)

    failing.set_fail_point({"mode": {"times": 3}, "data": {"failCommands": ["getMore"], "errorCode": HISTORY_LOST}})
    send(broker, [1])
    handled.wait_for(2)
    send(broker, [2])
    handled.wait_for(3)

    assert handled.values == [0, 1, 2]


def test_a_stream_that_breaks_again_and_again_is_begun_with_pauses(
    broker: Broker, failing: FailingMongoDB, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(broker)
    handled = Handled()
    consumer_of(broker, **POLLS_SELDOM).subscribe(handled)
    send(broker, [0])
    handled.wait_for(1)

    broken = {"failCommands": ["getMore", "aggregate"], "errorCode": HISTORY_LOST}
    began = time.monotonic()
    failing.set_fail_point({"mode": {"times": len(LEAST_PAUSES)}, "data": broken})
    # Not before: what the server was asked for already, it still answers.
    wait_until(lambda: "wake-up stream broken" in caplog.text, "the stream is broken")
    send(broker, [1])
    handled.wait_for(2)
    took = time.monotonic() - began

    # A slow machine takes longer, never shorter.
    assert took >= sum(LEAST_PAUSES)


def test_while_there_is_no_primary_nothing_is_lost_and_no_record_is_blamed(
    broker: Broker, failing: FailingMongoDB, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(broker)
    handled = Handled()
    consumer = consumer_of(broker)
    consumer.subscribe(handled)
    send(broker, range(10))
    handled.wait_for(10)

    with failing.failing(failCommands=EVERYTHING, errorCode=STEPPED_DOWN):
        wait_until(lambda: "group cannot be kept now, trying again" in caplog.messages, "the member is cut off")
    send(broker, range(10, 20))
    handled.wait_for(20)
    consumer.unsubscribe()

    assert handled.values == list(range(20))
    assert committed(broker) == [20]
    assert caplog.messages.count("group cannot be kept now, trying again") == 1
    assert dead_letters.listing(broker.store) == []


def test_a_commit_that_no_majority_has_confirmed_yet_is_asked_for_again(
    broker: Broker, failing: FailingMongoDB, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver does not ask again by itself here, unlike where it gets no answer."""
    make_topic(broker)
    broker.store.create_collection("effects")
    effects = broker.store.database["effects"]

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        effects.insert_one({"value": record.message.value}, session=session)

    consumer_of(broker, max_retries=1).subscribe(handle, transactional=True)
    send(broker, [1])
    wait_until(lambda: committed(broker) == [1], "it is committed")
    unconfirmed = {"failCommands": ["commitTransaction"], "writeConcernError": {"code": NOT_CONFIRMED, "errmsg": ""}}
    failing.set_fail_point({"mode": {"times": 5}, "data": unconfirmed})
    send(broker, [2, 3])
    wait_until(lambda: committed(broker) == [3], "all is committed")

    assert stored_messages.values(broker, TOPIC) == [1, 2, 3], "the sender's commit was not confirmed either"
    assert [effect["value"] for effect in effects.find().sort("$natural", 1)] == [1, 2, 3]
    assert "record could not be handled" not in caplog.messages
    assert dead_letters.listing(broker.store) == []
