"""Alerting: the feed of stored readings decides which of them are critical, and tells those in their order.

A reading is judged by the range that was stored with it. It may be told again, after a crash or a takeover: whoever is
told makes one alert of it.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from cqrs.changefeed import Change, FeedConfig, define_feed
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy
from services.sensor_data.reading import StoredReading, from_document
from services.sensor_data.sensor_log import READINGS, SensorLog

FEED = "sensor-data-alerts"
BATCH = 200
BACK_OFF = RetryPolicy(max_attempts=0, base=0.2, cap=5.0)

logger = logging.getLogger(__name__)


class Telling(Protocol):
    """How critical readings are told: through the broker, or by a request to the notification service."""

    def tell(self, readings: Sequence[StoredReading]) -> None:
        """Return when all are told, in their order. Raises Unavailable, after which some may have been told."""

    def close(self) -> None:
        """Give back connections."""


class Alerting:
    """Handles the changes of `log` by telling what is critical through `telling`."""

    def __init__(self, log: SensorLog, telling: Telling) -> None:
        self._log = log
        self._telling = telling
        self._stopping = threading.Event()

    def feed(self) -> FeedConfig:
        """Return the feed of the readings: one list at a time, in one process, so that nothing is overtaken."""
        return define_feed(
            name=FEED,
            database=self._log.database.name,
            collection=READINGS,
            handler=self.handle,
            from_beginning=True,
            batch=True,
            batch_size=BATCH,
            parallel=1,
        )

    def handle(self, changes: Sequence[Change]) -> None:
        """Tell which of the readings are critical, and wait out that nobody can be told now.

        There is one destination: a later reading could not be told either, and must not be told first. Raises
        Unavailable only while stopping.
        """
        readings = [from_document(change.document) for change in changes if change.document is not None]
        critical = [reading for reading in readings if reading.is_critical]
        failures = 0
        while critical:
            try:
                self._telling.tell(critical)
            except Unavailable as error:
                failures += 1
                self._wait(error, failures)
            else:
                return

    def stop(self) -> None:
        """Wait no more: what is not told is told after the next start."""
        self._stopping.set()

    def close(self) -> None:
        """Give back connections, when no change is handled any more."""
        self._telling.close()

    def _wait(self, error: Unavailable, failures: int) -> None:
        delay = BACK_OFF.delay(failures)
        logger.warning(
            "alerts cannot be told now, trying again",
            extra={"destination": error.store, "failures": failures, "delay_seconds": delay},
        )
        if self._stopping.wait(delay):
            raise error
