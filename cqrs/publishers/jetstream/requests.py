"""Requests to JetStream's API, and what the server answers: JSON both ways.

The driver's own methods cover less of it (no priority groups) and raise other errors; the API is documented at
https://docs.nats.io/reference/reference-protocols/nats_api_reference.
"""

from typing import Any

import msgspec
from nats.aio.client import Client

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import STORE, RefusedByServer

PREFIX = "$JS.API."
# One request of administration; those that publish have a time of their own.
SECONDS = 5.0

STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
MESSAGE_NOT_FOUND = 10037
CLIENT_ERROR = range(400, 500)
# What a server that has just started or has no quorum answers with a client error: it does not know yet.
NOT_READY = {10076, 10039}


async def ask(client: Client, request: str, body: Any = None, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Send a request such as `STREAM.INFO.name` and return the answer.

    Raises RefusedByServer where the server understood and will not, Unavailable where it cannot now.
    """
    payload = b"" if body is None else msgspec.json.encode(body)
    answer = await client.request(PREFIX + request, payload, timeout=seconds)
    return answered(answer.data)


def answered(data: bytes) -> dict[str, Any]:
    """Return the answer of JetStream in `data`. Raises RefusedByServer, Unavailable."""
    answer: dict[str, Any] = msgspec.json.decode(data)
    error = answer.get("error")
    if error is None:
        return answer
    number = error.get("err_code", 0)
    if error.get("code") in CLIENT_ERROR and number not in NOT_READY:
        raise RefusedByServer(number, error.get("description", ""))
    raise Unavailable(STORE) from RefusedByServer(number, error.get("description", ""))
