"""Sensor data and notifications, put together: readings become alerts, alerts become notifications."""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from cqrs.broker import Broker, BrokerConfig
from cqrs.changefeed import ChangeFeeds, define_feeds
from cqrs.management.workers import register_worker
from cqrs.worker import Work, Worker
from cqrs_project.consuming import Consuming, register_consumer_lag
from cqrs_project.following import Following, Together, register_feed_lag
from services.notifications import broker_client as notifications_client
from services.notifications.alert_outbox import AlertOutbox, alert_outbox
from services.notifications.delivering import Delivering
from services.notifications.hearing import Hearing
from services.notifications.provider import Provider, ProviderSettings
from services.sensor_data import broker_client as sensor_data_client
from services.sensor_data.alerting import Alerting, Telling
from services.sensor_data.sensor_log import SensorLog, sensor_log
from services.sensor_data.telling_by_message import TellingByMessage
from services.sensor_data.telling_by_request import TellingByRequest
from services.sensor_data.valid_range import ValidRange
from users_query import mongodb

SENSOR_ALERTS = "sensor-alerts"
NOTIFICATIONS = "notifications"

NewBroker = Callable[[BrokerConfig], Broker]


def open_sensor_data(new_broker: NewBroker) -> None:
    """Give the service of this process its stores and register its worker. Reaches no store."""
    sensor_log.open(_log())
    register_worker(SENSOR_ALERTS, partial(_sensor_alerts, new_broker))


def prepare_sensor_data(new_broker: NewBroker) -> None:
    """Create the topic and the index that are missing. Raises Unavailable."""
    with new_broker(sensor_data_client.broker) as broker:
        for topic in sensor_data_client.topics.DEFINED:
            broker.topics.create(topic)
    _log().prepare()


def open_notifications(new_broker: NewBroker) -> None:
    """Give the service of this process its stores and register its worker. Reaches no store."""
    alert_outbox.open(AlertOutbox(mongodb.database()))
    register_worker(NOTIFICATIONS, partial(_notifications, new_broker))


def prepare_notifications(_: NewBroker) -> None:
    """Create the indexes that are missing; the topic is that of sensor data. Raises Unavailable."""
    AlertOutbox(mongodb.database()).prepare()


def _sensor_alerts(new_broker: NewBroker) -> Worker:
    url = settings.ENVIRONMENT.sensors.alert_url
    telling: Telling = TellingByRequest(url) if url else TellingByMessage(new_broker(sensor_data_client.broker))
    alerting = Alerting(_log(), telling)
    following = Following(_feeds(), alerting.feed(), stopped=alerting.close)
    register_feed_lag(following)
    return Worker(SENSOR_ALERTS, following)


def _notifications(new_broker: NewBroker) -> Worker:
    outbox = AlertOutbox(mongodb.database())
    consumer = notifications_client.consumers.alerts_consumer
    consuming = Consuming(new_broker(notifications_client.broker), consumer, Hearing(outbox).keep, batch=True)
    register_consumer_lag(consuming)
    works: list[Work] = [consuming]
    # Without a provider alerts are kept, and told once there is one.
    if (provider := _provider()) is not None:
        following = Following(_feeds(), Delivering(outbox, provider).feed(), stopped=provider.close)
        register_feed_lag(following)
        works.append(following)
    return Worker(NOTIFICATIONS, Together(works))


def _provider() -> Provider | None:
    environment = settings.ENVIRONMENT
    if environment.sensors.provider_url is None:
        return None
    return Provider(
        ProviderSettings(
            url=environment.sensors.provider_url,
            key=environment.sensors.provider_key,
            networks=environment.sensors.provider_networks,
        )
    )


def _log() -> SensorLog:
    environment = settings.ENVIRONMENT
    return SensorLog(mongodb.database(), ValidRange(since=environment.sensors.since, until=environment.sensors.until))


def _feeds() -> ChangeFeeds:
    environment = settings.ENVIRONMENT
    return ChangeFeeds(define_feeds(mongo_uri=environment.mongodb_uri, database=environment.change_feeds_database))
