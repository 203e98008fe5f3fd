"""Telling critical readings by `PUT /alerts` to the notification service: what the broker is in the place of."""

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from cqrs.errors import RecordError, Unavailable
from services.sensor_data.reading import StoredReading
from services.sensor_data.telling_by_message import payload_of

DESTINATION = "notifications"
SECONDS = 5.0
CONNECTIONS = 8
SUCCESSES = range(200, 300)
REFUSALS = range(400, 500)
NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class AlertRefused(RecordError):
    """The notification service answered that this is no alert: with `status`, a 4xx."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the notification service answered {status}")


class TellingByRequest:
    """Puts alerts to `url`, one after the other. For any thread."""

    # What was put before an outage need not be put again.
    most = 1

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._http = PoolManager(
            timeout=Timeout(connect=seconds, read=seconds), retries=False, maxsize=CONNECTIONS, block=True
        )

    def tell(self, readings: Sequence[StoredReading]) -> None:
        """Put an alert for each reading; one that was put before changes nothing. Raises AlertRefused, Unavailable."""
        for reading in readings:
            self._put(msgspec.json.encode(payload_of(reading)))

    def close(self) -> None:
        """Give back the connections."""
        self._http.clear()

    def _put(self, body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._http.request("PUT", self._url, body=body, headers=headers, redirect=False)
        except HTTPError as error:
            raise Unavailable(DESTINATION) from error
        if answer.status in REFUSALS and answer.status not in NOT_NOW:
            raise AlertRefused(answer.status)
        if answer.status not in SUCCESSES:
            raise Unavailable(DESTINATION)
