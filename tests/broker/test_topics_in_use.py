"""Creating what is there already waits for nobody, also while others are in the middle of a transaction."""

from typing import Any

import pymongo
from pymongo import MongoClient

from cqrs.broker import Broker, Message, define_producer
from tests.broker.handled import TOPIC, make_topic

SECONDS = 5


def test_a_topic_is_created_again_and_the_broker_connected_while_a_transaction_is_open(broker: Broker) -> None:
    make_topic(broker)
    producer = broker.create_producer(define_producer(topic=TOPIC))

    with (
        MongoClient[dict[str, Any]](broker.config.mongo_uri) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        producer.send(Message(value="open"), session=session)
        client[broker.config.database]["deadletters"].delete_one({}, session=session)
        with pymongo.timeout(SECONDS):
            make_topic(broker)
            broker.connect()

    assert broker.topics.get(TOPIC).partitions == 1
