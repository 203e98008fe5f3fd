"""Texts as the tests send them, signed by the code of the service that sends them."""

import json
import time
from typing import Any

from django.test import Client

from cqrs.webhooks.signature import signed_headers

KEY = b"a key of more than 24 bytes, for tests"
ID = "0193494e-3b1c-7c5a-8c52-0242ac120002"

Answer = Any


def signed(body: bytes, message_id: str = ID, *, key: bytes = KEY, age: int = 0) -> dict[str, str]:
    """The headers of a request that was signed so many seconds ago."""
    headers = signed_headers(key, message_id=message_id, timestamp=int(time.time()) - age, body=body)
    return {"Idempotency-Key": message_id, **headers}


def put(client: Client, body: bytes, headers: dict[str, str]) -> Answer:
    """Send octets."""
    return client.put("/api/v1/provider/texts", body, content_type="application/json", headers=headers)


def tell(client: Client, text: object, message_id: str = ID) -> Answer:
    """Send a text, signed."""
    body = json.dumps({"text": text}).encode()
    return put(client, body, signed(body, message_id))


def listed(client: Client, **parameters: Any) -> dict[str, Any]:
    """A page of texts."""
    answer = client.get("/api/v1/provider/texts", parameters)
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def behave(client: Client, answer: object) -> Answer:
    """Have the provider behave so."""
    return client.put("/api/v1/provider/behaviour", {"answer": answer}, content_type="application/json")
