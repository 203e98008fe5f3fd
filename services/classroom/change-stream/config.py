"""The broker as this service uses it. After a change: csbroker generate."""

import os

from cqrs.broker import define_broker, define_consumer

from .message_payload import PurchaseCreatedPayload

# For csbroker. The application puts the address and the database of its own settings in the place of these.
broker = define_broker(
    mongo_uri=os.environ.get("MONGODB_BROKER_URI", "mongodb://127.0.0.1:27017/?replicaSet=rs0"),
    log_context="classroom",
)

# From the beginning: a purchase that was made before this service first ran needs its enrolment, too. New messages wake
# it at once; the wait only bounds how long a lost wake-up costs, so it may be long while nothing happens.
classroom_consumer = define_consumer(
    group_id="classroom-service",
    topic="purchases.new-purchase",
    from_beginning=True,
    max_retries=3,
    retry_delay_ms=1000,
    max_await_time_ms=5000,
    payload=PurchaseCreatedPayload,
)
