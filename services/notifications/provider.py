"""The provider of notifications: a third party that is told of each alert by `PUT`."""

import time
from contextlib import suppress
from http import HTTPStatus

import msgspec
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import parse_url

from cqrs.clock import now
from services.notifications.allowed_connection import AllowedPool, AllowedTlsPool, Network
from services.notifications.cutting import cut_after
from services.notifications.destination_pause import DestinationPause
from services.notifications.errors import ProviderLeftAlone, ProviderRefused, ProviderUnavailable
from services.notifications.notification import Notification
from services.notifications.retry_after import seconds_until_retry
from services.notifications.webhook_signature import signed_headers

# Answers of the class of refusals that blame nobody's notification: too slow, too early, too many.
NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
SUCCESSES = range(200, 300)
REFUSALS = range(400, 500)
# Nothing is read from what it answers beyond the head; a short body is let run out, so that the connection is kept.
SHORT_BODY = 1024


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider is and how it is talked to.

    `key` signs what is sent, None leaves it unsigned; `networks` are the addresses that may be connected to;
    `seconds` are waited for a connection, and for the answer.
    """

    url: str
    key: bytes | None
    networks: tuple[Network, ...]
    seconds: float = 5.0

    def __repr__(self) -> str:
        # The address and the key are nobody's business.
        return f"ProviderSettings(seconds={self.seconds!r})"


class Provider:
    """Tells the provider. For any thread.

    What is sent carries the notification's id as `Idempotency-Key` and `webhook-id`, the same with each attempt.
    """

    def __init__(self, settings: ProviderSettings, *, connections: int = 16) -> None:
        self._key = settings.key
        self._seconds = settings.seconds
        url = parse_url(settings.url)
        pool = AllowedTlsPool if url.scheme == "https" else AllowedPool
        self._pool: HTTPConnectionPool = pool(
            url.host or "",
            url.port,
            timeout=Timeout(connect=settings.seconds, read=settings.seconds),
            maxsize=connections,
            networks=settings.networks,
            patience=settings.seconds,
        )
        self._path = url.request_uri
        self._pause = DestinationPause()

    def tell(self, notification: Notification) -> None:
        """Return when the provider has taken the notification.

        Raises ProviderRefused where it is at fault itself, and ProviderUnavailable where nothing can be told now,
        without asking while the provider wants to be left alone.
        """
        if left := self._pause.left:
            raise ProviderLeftAlone(left)
        try:
            status = self._put(notification)
        except ProviderUnavailable as error:
            self._pause.failed(error.retry_after)
            raise
        self._pause.worked()
        if status in REFUSALS:
            raise ProviderRefused(status)

    def close(self) -> None:
        """Give back the connections."""
        self._pool.close()

    def _put(self, notification: Notification) -> int:
        body = msgspec.json.encode({"text": notification.text})
        try:
            answer = self._pool.urlopen(
                "PUT",
                self._path,
                body=body,
                headers=self._headers(str(notification.id), body),
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise ProviderUnavailable(f"the request failed: {type(error).__name__}", retry_after=0.0) from error
        retry_after = seconds_until_retry(answer.headers.get("Retry-After"), now=now())
        self._let_go(answer)
        if answer.status in SUCCESSES or (answer.status in REFUSALS and answer.status not in NOT_NOW):
            return answer.status
        raise ProviderUnavailable(f"the provider answered {answer.status}", retry_after=retry_after or 0.0)

    def _headers(self, message_id: str, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message_id,
            "User-Agent": "cqrs-notifications",
        }
        if self._key is None:
            return headers
        return headers | signed_headers(self._key, message_id=message_id, timestamp=int(time.time()), body=body)

    def _let_go(self, answer: BaseHTTPResponse) -> None:
        """Keep the connection where a short body comes in time; its head has said all that counts."""
        length = answer.headers.get("Content-Length", "")
        connection = answer.connection
        if not isinstance(connection, HTTPConnection):
            return
        if not length.isdigit() or int(length) > SHORT_BODY:
            answer.close()
            return
        with suppress(TimeoutError), cut_after(self._seconds, connection.sock):
            answer.drain_conn()
