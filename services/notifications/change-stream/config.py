"""The broker as this service uses it. After a change: csbroker generate."""

import os

from cqrs.broker import define_broker, define_consumer

from .message_payload import SensorAlertPayload

# For csbroker. The application puts the address and the database of its own settings in the place of these.
broker = define_broker(
    mongo_uri=os.environ.get("MONGODB_BROKER_URI", "mongodb://127.0.0.1:27017/?replicaSet=rs0"),
    log_context="notifications",
)

# From the beginning: an alert from before this service first ran is one, too. New messages wake it at once; the wait
# only bounds how long a lost wake-up costs.
alerts_consumer = define_consumer(
    group_id="notifications-service",
    topic="sensor-data.critical-readings",
    from_beginning=True,
    max_retries=3,
    retry_delay_ms=1000,
    max_await_time_ms=5000,
    payload=SensorAlertPayload,
)
