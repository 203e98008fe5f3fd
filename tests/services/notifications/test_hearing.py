"""What is heard on the topic is kept as what comes by request is: once for each reading."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from cqrs.broker import Broker, BrokerConfig, Message, dead_letters, define_broker, define_producer, lag
from cqrs.testing.waiting import wait_until
from cqrs_project.consuming import Consuming
from services.notifications.alert_outbox import AlertOutbox
from services.notifications.broker_client.consumers import alerts_consumer
from services.notifications.hearing import Hearing
from tests.services.notifications.alerting import OTHER, SENSOR, alert, listed, send
from users_query.mongodb import database

GROUP, TOPIC = alerts_consumer.group_id, alerts_consumer.topic


@pytest.fixture
def broker_config() -> Iterator[BrokerConfig]:
    config = define_broker(mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=f"broker_test_{uuid4().hex[:12]}")
    yield config
    database().client.drop_database(config.database)


def tell(broker: Broker, *values: object) -> None:
    """Send messages of one key."""
    broker.create_producer(define_producer(topic=TOPIC)).send([Message(key=SENSOR, value=value) for value in values])


def hear(config: BrokerConfig, outbox: AlertOutbox) -> None:
    """Hear all that there is, as the worker does."""
    consuming = Consuming(Broker(config), alerts_consumer, Hearing(outbox).keep, batch=True)
    with Broker(config) as broker:
        consuming.step()
        wait_until(lambda: _is_caught_up(broker), "all is heard")
    consuming.close()


def _is_caught_up(broker: Broker) -> bool:
    measured = lag.measure(broker.store, group=GROUP, topic=TOPIC)
    return bool(measured) and not any(partition.lag for partition in measured.values())


def test_a_message_becomes_an_alert(client: Client, outbox: AlertOutbox, broker_config: BrokerConfig) -> None:
    with Broker(broker_config) as broker:
        tell(broker, alert(time=1), alert(time=2, sensor=OTHER))

    hear(broker_config, outbox)

    assert [item["context"] for item in listed(client)["items"]] == [alert(time=2, sensor=OTHER), alert(time=1)]


def test_hearing_of_everything_again_changes_nothing(
    client: Client, outbox: AlertOutbox, broker_config: BrokerConfig
) -> None:
    send(client, alert(time=1))
    with Broker(broker_config) as broker:
        tell(broker, alert(time=1), alert(time=2), alert(time=2))
        hear(broker_config, outbox)
        first = listed(client)
        broker.store.positions.delete_many({})

        hear(broker_config, outbox)

    assert len(first["items"]) == 2
    assert listed(client) == first


def test_what_is_no_alert_is_put_aside(client: Client, outbox: AlertOutbox, broker_config: BrokerConfig) -> None:
    with Broker(broker_config) as broker:
        tell(broker, alert(6.2, time=1))
        tell(broker, {"type": "door"})
        hear(broker_config, outbox)
        letters = dead_letters.listing(broker.store, group=GROUP)

    assert [item["context"] for item in listed(client)["items"]] == [alert(6.2, time=1)]
    assert [letter.record.message.value for letter in letters] == [{"type": "door"}]


def test_of_a_batch_only_what_contradicts_is_put_aside(
    client: Client, outbox: AlertOutbox, broker_config: BrokerConfig
) -> None:
    """The reading is known with another value; the transaction of the batch is given up, that of the others is not."""
    with Broker(broker_config) as broker:
        tell(broker, alert(6.2, time=1), alert(6.3, time=2), alert(7.5, time=1))
        hear(broker_config, outbox)
        letters = dead_letters.listing(broker.store, group=GROUP)

    assert [item["context"] for item in listed(client)["items"]] == [alert(6.3, time=2), alert(6.2, time=1)]
    assert [letter.record.message.value for letter in letters] == [alert(7.5, time=1)]
