"""What `init` writes: one broker, one producer, one consumer and one payload, ready to be changed."""

from cqrs.broker.csbroker.folder import CONFIG, PAYLOADS

CONFIG_TEMPLATE = '''\
"""The broker as this service uses it. After a change: csbroker generate."""

import os

from cqrs.broker import define_broker, define_consumer, define_producer

from .message_payload import PurchaseCreatedPayload

# MONGODB_BROKER_DATABASE names the database; without it, it is change-stream-broker.
broker = define_broker(
    mongo_uri=os.environ.get("MONGODB_BROKER_URI", "mongodb://127.0.0.1:27017/?replicaSet=rs0"),
    auto_create_topics=True,
    log_level="INFO",
    log_context="purchases",
)

purchases_producer = define_producer(
    topic="purchases.new-purchase",
    partitions=3,
    retention_ms=7 * 24 * 60 * 60 * 1000,
    partition_strategy="hash",
    payload=PurchaseCreatedPayload,
)

classroom_consumer = define_consumer(
    group_id="classroom-service",
    topic="purchases.new-purchase",
    from_beginning=False,
    max_retries=3,
    retry_delay_ms=1000,
    payload=PurchaseCreatedPayload,
)
'''

PAYLOADS_TEMPLATE = '''\
"""What the messages carry; each public class gets a JSON Schema. After a change: csbroker generate."""

from msgspec import Struct


class Customer(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    auth_user_id: str


class Product(Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    title: str
    slug: str


class PurchaseCreatedPayload(Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer has bought a product."""

    customer: Customer
    product: Product
'''

TEMPLATES = {CONFIG: CONFIG_TEMPLATE, PAYLOADS: PAYLOADS_TEMPLATE}
