"""What is published and what is handled leaves a record, which stands and falls with the message and the handler."""

import json
import time
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker import Broker, BrokerConfig, ConsumerRecord, Interceptor, Message, define_producer
from cqrs.delivery.ledger import RECEIVED_RECORDS, Ledger
from cqrs.delivery.records import LONGEST_PAYLOAD
from cqrs.delivery.tracking import Tracking
from tests.delivery.tracked import (
    TOPIC,
    TRACE,
    TRACEPARENT,
    consumer_of,
    message,
    publish_records,
    received,
    send,
    subscribe,
)
from tests.waiting import wait_until


class Refused(Exception):
    """What an interceptor behind the tracking raises."""


class Refusing(Interceptor):
    """Refuses every message."""

    def before_append(self, *_: object) -> None:
        raise Refused


def test_a_message_is_recorded_with_who_is_to_receive_it(broker: Broker, ledger: Ledger) -> None:
    subscribe(broker, "mailing")
    subscribe(broker, "billing")
    producer = broker.create_producer(define_producer(topic=TOPIC))
    before = int(time.time())

    producer.send(Message(value={"age": 18}, headers={"eventId": "event-1", "traceparent": TRACEPARENT}))

    (record,) = publish_records(ledger)
    assert (record["traceID"], record["eventID"], record["topic"]) == (TRACE, "event-1", TOPIC)
    assert (json.loads(record["payload"]), record["status"]) == ({"age": 18}, "published")
    assert record["subscriptions"] == ["billing", "mailing"]
    assert record["publishTime"] == record["createdTime"] == int(record["publishedAt"].timestamp()) >= before


def test_one_that_subscribes_later_is_not_expected_to_receive_what_was_before(broker: Broker, ledger: Ledger) -> None:
    subscribe(broker, "billing")
    send(broker, "1")
    subscribe(broker, "mailing")

    def is_expected_soon() -> bool:
        send(broker, "2")
        return bool(publish_records(ledger)[-1]["subscriptions"] == ["billing", "mailing"])

    wait_until(is_expected_soon, "what is sent now is expected by both")
    assert publish_records(ledger)[0]["subscriptions"] == ["billing"]


def test_an_event_that_is_in_a_send_twice_has_one_record(broker: Broker, ledger: Ledger) -> None:
    send(broker, "1", "1", "2")

    assert [record["eventID"] for record in publish_records(ledger)] == ["1", "2"]


def test_an_event_that_is_sent_again_is_a_publication_of_its_own(broker: Broker, ledger: Ledger) -> None:
    send(broker, "1")
    send(broker, "1")

    first, second = publish_records(ledger)
    assert (first["eventID"], second["eventID"]) == ("1", "1")
    assert {one["publishedAt"] for one in (first, second)} == {
        one["appendedAt"] for one in broker.store.messages(TOPIC).find()
    }


def test_a_record_falls_with_the_transaction_of_its_message(broker: Broker, ledger: Ledger) -> None:
    producer = broker.create_producer(define_producer(topic=TOPIC))
    with broker.store.client.start_session() as session:
        session.start_transaction()
        producer.send(message("1"), session=session)
        session.abort_transaction()
    with broker.store.client.start_session() as session, session.start_transaction():
        producer.send(message("2"), session=session)

    assert [record["eventID"] for record in publish_records(ledger)] == ["2"]


def test_a_send_that_fails_is_recorded_as_failed(broker_config: BrokerConfig, ledger: Ledger) -> None:
    tracking = Tracking(ledger, broker_database=broker_config.database)
    with Broker(broker_config, interceptors=[tracking, Refusing()]) as broker, pytest.raises(Refused):
        send(broker, "1")

    (record,) = publish_records(ledger)
    assert (record["eventID"], record["status"], record["subscriptions"]) == ("1", "failed", [])
    assert record["createdTime"] >= record["publishTime"]


def test_what_failed_and_was_sent_again_is_both(broker_config: BrokerConfig, broker: Broker, ledger: Ledger) -> None:
    tracking = Tracking(ledger, broker_database=broker_config.database)
    with Broker(broker_config, interceptors=[tracking, Refusing()]) as refusing, pytest.raises(Refused):
        send(refusing, "1")

    send(broker, "1")

    assert sorted(record["status"] for record in publish_records(ledger)) == ["failed", "published"]


@pytest.mark.parametrize("value", ["$email", {"$set": {"a": "$$ROOT"}, "": [None, -0.0]}, "x" * 2 * LONGEST_PAYLOAD])
def test_any_payload_is_recorded_as_text(broker: Broker, ledger: Ledger, value: Any) -> None:
    broker.create_producer(define_producer(topic=TOPIC)).send(message("$1", value))

    (record,) = publish_records(ledger)
    assert record["payload"] == json.dumps(value, separators=(",", ":"))[:LONGEST_PAYLOAD]


def test_what_is_handled_is_recorded_within_half_a_second(broker: Broker, ledger: Ledger) -> None:
    consumer_of(broker, "mailing").subscribe(lambda _: None)

    send(broker, "1", "2")
    wait_until(lambda: len(received(ledger)) == 2, "both are recorded")

    published = {record["eventID"]: record for record in publish_records(ledger)}
    for record in ledger.collection(RECEIVED_RECORDS).find():
        assert record["publishedAt"] == published[record["eventID"]]["publishedAt"]
        assert (record["topic"], record["subscription"], record["attempts"]) == (TOPIC, "mailing", 1)
        assert record["receiveTime"] >= record["publishTime"] == published[record["eventID"]]["publishTime"]
        assert record["createdTime"] >= record["receiveTime"]


def test_what_a_handler_has_done_is_recorded_when_its_broker_disconnects(
    broker_config: BrokerConfig, broker: Broker, ledger: Ledger
) -> None:
    handled: list[ConsumerRecord] = []
    with Broker(broker_config, interceptors=[Tracking(ledger, broker_database=broker_config.database)]) as another:
        consumer_of(another, "mailing").subscribe(handled.append)
        send(broker, "1")
        wait_until(lambda: handled, "it is handled")

    assert received(ledger) == [("mailing", "1")]


def test_what_is_handled_in_a_transaction_is_recorded_in_it(
    broker: Broker, ledger: Ledger, database: Database[Any]
) -> None:
    database.create_collection("done")

    def handle(record: ConsumerRecord, session: ClientSession) -> None:
        if record.message.headers["eventId"] == "poison":
            raise Refused
        session.client[database.name]["done"].insert_one({"event": record.message.headers["eventId"]}, session=session)

    consumer_of(broker, "mailing", max_retries=1).subscribe(handle, transactional=True)

    send(broker, "1", "poison", "2")
    wait_until(lambda: len(received(ledger)) == 2, "both are recorded")

    assert received(ledger) == [("mailing", "1"), ("mailing", "2")]
    assert [one["event"] for one in database["done"].find().sort("event", 1)] == ["1", "2"]


def test_what_is_handled_again_is_received_once(broker: Broker, ledger: Ledger, broker_config: BrokerConfig) -> None:
    tracking = Tracking(ledger, broker_database=broker_config.database)
    handled: list[ConsumerRecord] = []
    consumer_of(broker, "mailing").subscribe(handled.append)
    send(broker, "1")
    wait_until(lambda: received(ledger), "it is recorded")

    with broker.store.client.start_session() as session, session.start_transaction():
        tracking.after_handling(handled, "mailing", session)
    tracking.after_handling(handled, "mailing", None)
    tracking.close()

    (record,) = ledger.collection(RECEIVED_RECORDS).find()
    assert record["attempts"] == 3


def test_each_group_receives_for_itself(broker: Broker, ledger: Ledger) -> None:
    for group in ("billing", "mailing"):
        consumer_of(broker, group).subscribe(lambda _: None)

    send(broker, "1")
    wait_until(lambda: len(received(ledger)) == 2, "both have received it")

    assert received(ledger) == [("billing", "1"), ("mailing", "1")]
