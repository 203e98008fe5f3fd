"""Telling critical readings through the broker: services do not have to know one another, and each may be down."""

import threading
from collections.abc import Sequence
from hashlib import sha256

from cqrs.broker import Broker, Message, Producer
from cqrs.broker.message import EVENT_ID, EVENT_TYPE, SOURCE
from services.sensor_data.broker_client import (
    CriticalContext,
    CriticalReading,
    MissedRange,
    SensorAlertPayload,
    producers,
)
from services.sensor_data.reading import StoredReading


class TellingByMessage:
    """Sends messages through `broker`, by sensor. For any thread."""

    most = 200

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connecting = threading.Lock()
        self._producer: Producer | None = None

    def tell(self, readings: Sequence[StoredReading]) -> None:
        """Send a message for each reading, all or none; the same readings again within a day are sent once.

        Raises Unavailable.
        """
        self._connected().send([_message(reading) for reading in readings], idempotency_key=_key(readings))

    def close(self) -> None:
        """Leave the broker."""
        self._broker.disconnect()

    def _connected(self) -> Producer:
        with self._connecting:
            if self._producer is None:
                self._broker.connect()
                self._producer = self._broker.create_producer(producers.alerts_producer)
            return self._producer


def payload_of(reading: StoredReading) -> SensorAlertPayload:
    """Return what is told of a critical reading."""
    told = CriticalReading(sensor_id=reading.sensor_id, time=reading.time, value=reading.value)
    missed = MissedRange(since=reading.valid_range.since, until=reading.valid_range.until)
    return SensorAlertPayload(type="sensor", context=CriticalContext(reading=told, valid_range=missed))


def _message(reading: StoredReading) -> Message:
    headers = {EVENT_TYPE: "sensor.critical", EVENT_ID: str(reading.id), SOURCE: "sensor-data"}
    return producers.alerts_producer_message(payload_of(reading), key=str(reading.sensor_id), headers=headers)


def _key(readings: Sequence[StoredReading]) -> str:
    return sha256(b"".join(reading.id.bytes for reading in readings)).hexdigest()
