"""The services, put together: each gets its database and its broker, which are on one replica set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec
from django.conf import settings

from cqrs.broker import Broker, BrokerConfig
from cqrs.management.workers import register_worker
from cqrs.worker import Worker
from cqrs_project.consuming import Consuming, register_consumer_lag
from cqrs_project.delivery_service import open_delivery, prepare_delivery, tracking
from cqrs_project.ledger import SERVICE as DELIVERY
from cqrs_project.ledger import prepare_ledger
from cqrs_project.sensor_services import (
    NewBroker,
    open_notifications,
    open_sensor_data,
    prepare_notifications,
    prepare_sensor_data,
)
from cqrs_project.ticket_services import open_orders, open_tickets, prepare_orders, prepare_tickets
from services.alert_provider.provider import alert_provider, new_alert_provider
from services.classroom import broker_client as classroom_client
from services.classroom.classroom import Classroom, classroom
from services.purchases import broker_client as purchases_client
from services.purchases.preparation import prepare as prepare_shop
from services.purchases.shop import Shop, shop
from users_query import mongodb

CLASSROOM = "classroom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`open` gives the service of this process its stores and registers its workers; `prepare` creates what is missing.

    Opening reaches no store; preparing raises Unavailable.
    """

    open: Callable[[NewBroker], None]
    prepare: Callable[[NewBroker], None]


def open_services() -> None:
    """Open the services that this process serves: all, or the one that SERVICE names. Reaches no store."""
    for service in _served():
        service.open(_broker)


def prepare_services() -> None:
    """Create the topics and indexes that are missing for the services that this process serves. Raises Unavailable."""
    prepare_ledger()
    for service in _served():
        service.prepare(_broker)


def _served() -> list[Service]:
    alone = settings.ENVIRONMENT.service
    return list(SERVICES.values()) if alone is None else [SERVICES[alone]]


def _open_purchases(new_broker: NewBroker) -> None:
    shop.open(Shop(mongodb.database(), new_broker(purchases_client.broker)))


def _prepare_purchases(new_broker: NewBroker) -> None:
    with new_broker(purchases_client.broker) as broker:
        prepare_shop(mongodb.database(), broker)


def _open_classroom(_: NewBroker) -> None:
    opened = Classroom(mongodb.database())
    classroom.open(opened)
    register_worker(CLASSROOM, partial(_classroom_worker, opened))


def _prepare_classroom(_: NewBroker) -> None:
    Classroom(mongodb.database()).prepare()


def _classroom_worker(opened: Classroom) -> Worker:
    consumer = classroom_client.consumers.classroom_consumer
    consuming = Consuming(_broker(classroom_client.broker), consumer, opened.enrol)
    register_consumer_lag(consuming)
    return Worker(CLASSROOM, consuming)


def _open_alert_provider(_: NewBroker) -> None:
    alert_provider.open(new_alert_provider(mongodb.database(), settings.ENVIRONMENT.sensors.provider_key))


def _prepare_alert_provider(_: NewBroker) -> None:
    new_alert_provider(mongodb.database(), None).board.prepare()


def _broker(declared: BrokerConfig) -> Broker:
    """The declared broker where this installation has it: beside the records, so that a transaction can hold both."""
    environment = settings.ENVIRONMENT
    return Broker(
        msgspec.structs.replace(
            declared, mongo_uri=environment.mongodb_uri, database=environment.mongodb_broker_database
        ),
        interceptors=tracking(),
    )


# By the names of `cqrs_project.service_settings`.
SERVICES: Mapping[str, Service] = {
    "alert_provider": Service(open=_open_alert_provider, prepare=_prepare_alert_provider),
    "classroom": Service(open=_open_classroom, prepare=_prepare_classroom),
    DELIVERY: Service(open=open_delivery, prepare=prepare_delivery),
    "notifications": Service(open=open_notifications, prepare=prepare_notifications),
    "orders": Service(open=open_orders, prepare=prepare_orders),
    "purchases": Service(open=_open_purchases, prepare=_prepare_purchases),
    "sensor_data": Service(open=open_sensor_data, prepare=prepare_sensor_data),
    "tickets": Service(open=open_tickets, prepare=prepare_tickets),
}
