"""Purchases as the tests make them."""

import time
from http import HTTPStatus
from typing import Any

from django.test import Client

Answer = Any

PATIENCE = 60.0


def wanted(customer: str, number: int = 1) -> dict[str, Any]:
    """What a customer sends for the course of that number."""
    return {
        "customer": {"id": customer, "authUserId": f"user-of-{customer}"},
        "product": {"id": f"course-{number}", "title": f"Course {number}", "slug": f"course-{number}"},
    }


def buy(client: Client, purchase: object, **headers: str) -> Answer:
    """Send a purchase; `idempotency_key` is `Idempotency-Key`."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return client.post("/api/purchases", purchase, content_type="application/json", headers=named)


def buy_patiently(client: Client, purchase: object, key: str) -> Answer:
    """Send a purchase under a key until it is not told to come back later: on a busy machine conflicts take long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = buy(client, purchase, idempotency_key=key)
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            return answer


def bought(client: Client, customer: str, number: int = 1) -> str:
    """The id of a new purchase."""
    answer = buy(client, wanted(customer, number))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])
