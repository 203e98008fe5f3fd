"""The broker as this service uses it. After a change: csbroker generate."""

import os

from cqrs.broker import define_broker, define_producer

from .message_payload import SensorAlertPayload

# For csbroker. The application puts the address and the database of its own settings in the place of these.
broker = define_broker(
    mongo_uri=os.environ.get("MONGODB_BROKER_URI", "mongodb://127.0.0.1:27017/?replicaSet=rs0"),
    log_context="sensor-data",
)

# By key, so that the alerts of one sensor are heard of in the order of its readings.
alerts_producer = define_producer(
    topic="sensor-data.critical-readings",
    partitions=3,
    retention_ms=7 * 24 * 60 * 60 * 1000,
    partition_strategy="key-based",
    payload=SensorAlertPayload,
)
