"""Sending messages to one receiver."""

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
from cqrs.webhooks.allowed_connection import AllowedPool, AllowedTlsPool, Network
from cqrs.webhooks.cutting import cut_after
from cqrs.webhooks.errors import Undelivered
from cqrs.webhooks.retry_after import seconds_until_retry
from cqrs.webhooks.signature import signed_headers

# Answers of the class of refusals that blame nobody's message: too slow, too early, too many.
NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
SUCCESSES = range(200, 300)
REFUSALS = range(400, 500)
# Nothing is read from what is answered beyond the head; a short body is let run out, so that the connection is kept.
SHORT_BODY = 1024


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the receiver is and how it is talked to.

    `key` signs what is sent, None leaves it unsigned; `networks` are the addresses that may be connected to;
    `seconds` are waited for a connection, and for the answer.
    """

    url: str
    key: bytes | None
    networks: tuple[Network, ...]
    seconds: float = 5.0

    def __repr__(self) -> str:
        # The address and the key are nobody's business.
        return f"{type(self).__name__}(seconds={self.seconds!r})"


class WebhookClient:
    """Sends JSON messages to the receiver of `settings`. For any thread.

    What is sent carries its id as `Idempotency-Key` and `webhook-id`, the same with each attempt.
    """

    def __init__(self, settings: WebhookSettings, *, user_agent: str, connections: int = 16) -> None:
        self._key = settings.key
        self._seconds = settings.seconds
        self._user_agent = user_agent
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

    def send(self, method: str, *, message_id: str, body: bytes) -> int:
        """Send a message and return the status of the answer: a success, or a refusal of this very message.

        Raises Undelivered where nothing can be sent now: the message may have been taken all the same.
        """
        try:
            answer = self._pool.urlopen(
                method,
                self._path,
                body=body,
                headers=self._headers(message_id, body),
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise Undelivered(f"the request failed: {type(error).__name__}") from error
        retry_after = seconds_until_retry(answer.headers.get("Retry-After"), now=now())
        self._let_go(answer)
        if answer.status in SUCCESSES or (answer.status in REFUSALS and answer.status not in NOT_NOW):
            return answer.status
        reason = f"the receiver answered {answer.status}"
        raise Undelivered(reason, status=answer.status, retry_after=retry_after or 0.0)

    def close(self) -> None:
        """Give back the connections."""
        self._pool.close()

    def _headers(self, message_id: str, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message_id,
            "User-Agent": self._user_agent,
        }
        if self._key is None:
            return headers
        return headers | signed_headers(self._key, message_id=message_id, timestamp=int(time.time()), body=body)

    def _let_go(self, answer: BaseHTTPResponse) -> None:
        """Keep the connection where a short body comes in time; its head has said all that counts."""
        # The one success that never has a body does not say so (RFC 9110, 8.6).
        unsaid = "0" if answer.status == HTTPStatus.NO_CONTENT else ""
        length = answer.headers.get("Content-Length", unsaid)
        connection = answer.connection
        if not isinstance(connection, HTTPConnection):
            return
        if not length.isdigit() or int(length) > SHORT_BODY:
            answer.close()
            return
        with suppress(TimeoutError), cut_after(self._seconds, connection.sock):
            answer.drain_conn()
