"""Both publishers keep what the port promises."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pymongo import MongoClient

from cqrs.broker import Broker, define_broker, define_topic
from cqrs.publishers.broker_publisher import BrokerPublisher
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.testing.publisher_conformance import Held, Look, PublisherConformance
from tests.broker.stored_messages import documents
from tests.free_ports import free_port
from tests.project.store_proxy import before_mongodb
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.held import held_by
from tests.publishers.stream_view import StreamView

TOPIC = "things"


class TestJetStream(PublisherConformance):
    """Publishing to a stream."""

    @pytest.fixture
    def publisher(self, stream: str, new_publisher: NewPublisher) -> JetStreamPublisher:
        return new_publisher(settings_of(os.environ["NATS_URL"], stream, subjects=[self.subject]))

    @pytest.fixture
    def held(self, stream: str, view: StreamView) -> Look:
        return lambda: held_by(view, stream)

    @pytest.fixture
    def unreachable(self, new_publisher: NewPublisher) -> JetStreamPublisher:
        return new_publisher(settings_of(f"nats://127.0.0.1:{free_port()}", "away", subjects=[self.subject]))


class TestBroker(PublisherConformance):
    """Publishing to a topic."""

    @pytest.fixture
    def broker(self) -> Iterator[Broker]:
        uri, database = os.environ["MONGODB_URI"], f"publishers_test_{uuid4().hex[:12]}"
        with Broker(define_broker(mongo_uri=uri, database=database)) as broker:
            broker.topics.create(define_topic(name=TOPIC, partitions=3))
            yield broker
        with MongoClient[dict[str, object]](uri) as client:
            client.drop_database(database)

    @pytest.fixture
    def publisher(self, broker: Broker) -> Iterator[BrokerPublisher]:
        publisher = BrokerPublisher(broker, TOPIC)
        yield publisher
        publisher.close()

    @pytest.fixture
    def held(self, broker: Broker) -> Look:
        return lambda: [
            Held(
                event_id=message["headers"]["eventId"],
                event_type=message["headers"]["eventType"],
                ordering_key=message["key"],
                data=message["value"],
            )
            for message in documents(broker, TOPIC)
        ]

    @pytest.fixture
    def unreachable(self, broker: Broker) -> Iterator[BrokerPublisher]:
        with before_mongodb() as proxy:
            uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true&serverSelectionTimeoutMS=300"
            with Broker(define_broker(mongo_uri=uri, database=broker.config.database)) as remote:
                publisher = BrokerPublisher(remote, TOPIC)
                proxy.cut()
                yield publisher
                publisher.close()
