"""The services, put together: each gets its database and its broker, which are on one replica set."""

from functools import partial

import msgspec
from django.conf import settings

from cqrs.broker import Broker, BrokerConfig
from cqrs.management.workers import register_worker
from cqrs.worker import Worker
from cqrs_project.consuming import Consuming, register_consumer_lag
from cqrs_project.sensor_services import open_sensor_services, prepare_sensor_services
from services.classroom import broker_client as classroom_client
from services.classroom.classroom import Classroom, classroom
from services.purchases import broker_client as purchases_client
from services.purchases.preparation import prepare as prepare_purchases
from services.purchases.shop import Shop, shop
from users_query import mongodb

CLASSROOM = "classroom"


def open_services() -> None:
    """Give the services of this process their stores and register their workers. Reaches no store."""
    opened = Classroom(mongodb.database())
    shop.open(Shop(mongodb.database(), _broker(purchases_client.broker)))
    classroom.open(opened)
    register_worker(CLASSROOM, partial(_classroom_worker, opened))
    open_sensor_services(_broker)


def prepare_services() -> None:
    """Create the topics and indexes that are missing. Raises Unavailable."""
    with _broker(purchases_client.broker) as broker:
        prepare_purchases(mongodb.database(), broker)
    Classroom(mongodb.database()).prepare()
    prepare_sensor_services(_broker)


def _classroom_worker(opened: Classroom) -> Worker:
    consumer = classroom_client.consumers.classroom_consumer
    consuming = Consuming(_broker(classroom_client.broker), consumer, opened.enrol)
    register_consumer_lag(consuming)
    return Worker(CLASSROOM, consuming)


def _broker(declared: BrokerConfig) -> Broker:
    """The declared broker where this installation has it: beside the records, so that a transaction can hold both."""
    environment = settings.ENVIRONMENT
    return Broker(
        msgspec.structs.replace(
            declared, mongo_uri=environment.mongodb_uri, database=environment.mongodb_broker_database
        )
    )
