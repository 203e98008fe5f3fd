"""The broker as this service uses it. After a change: csbroker generate."""

import os

from cqrs.broker import define_broker, define_producer

from .message_payload import PurchaseCreatedPayload

# For csbroker. The application puts the address and the database of its own settings in the place of these.
broker = define_broker(
    mongo_uri=os.environ.get("MONGODB_BROKER_URI", "mongodb://127.0.0.1:27017/?replicaSet=rs0"),
    log_context="purchases",
)

# By key, so that what one customer buys is heard of in the order in which it was bought.
purchases_producer = define_producer(
    topic="purchases.new-purchase",
    partitions=3,
    retention_ms=7 * 24 * 60 * 60 * 1000,
    partition_strategy="key-based",
    payload=PurchaseCreatedPayload,
)
