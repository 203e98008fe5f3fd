"""Alerting: the feed of stored readings decides which of them are critical, and tells those in their order.

A reading is judged by the range that was stored with it. It may be told again, after a crash or a takeover: whoever is
told makes one alert of it.
"""

from collections.abc import Sequence
from typing import Protocol

from cqrs.changefeed import Change, FeedConfig, define_feed
from services.sensor_data.reading import StoredReading, from_document
from services.sensor_data.sensor_log import READINGS, SensorLog

FEED = "sensor-data-alerts-by-sensor"
SHARDS = 4
PARALLEL = 8


class Telling(Protocol):
    """How critical readings are told: through the broker, or by a request to the notification service.

    For several threads. `most` readings are told at once.
    """

    most: int

    def tell(self, readings: Sequence[StoredReading]) -> None:
        """Return when all are told, in their order. Raises Unavailable, after which some may have been told."""

    def close(self) -> None:
        """Give back connections."""


class Alerting:
    """Handles the changes of `log` by telling what is critical through `telling`."""

    def __init__(self, log: SensorLog, telling: Telling) -> None:
        self._log = log
        self._telling = telling

    def feed(self) -> FeedConfig:
        """Return the feed of the readings: those of a sensor in their order, those of different sensors side by side.

        That nobody can be told now is waited out by the feed. A reading that is refused for good becomes a dead letter,
        behind which its sensor waits.
        """
        return define_feed(
            name=FEED,
            database=self._log.database.name,
            collection=READINGS,
            handler=self.handle,
            from_beginning=True,
            ordered_by="sensorId",
            shards=SHARDS,
            batch=True,
            batch_size=self._telling.most,
            parallel=PARALLEL,
        )

    def handle(self, changes: Sequence[Change]) -> None:
        """Tell which of the readings are critical. Raises msgspec.ValidationError, and what `Telling.tell` raises."""
        readings = [from_document(change.document) for change in changes if change.document is not None]
        if critical := [reading for reading in readings if reading.is_critical]:
            self._telling.tell(critical)

    def close(self) -> None:
        """Give back connections, when no change is handled any more."""
        self._telling.close()
