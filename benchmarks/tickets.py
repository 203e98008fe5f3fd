"""`tickets`: tickets through nginx, and how soon orders know of them by way of outbox, relay and stream."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from benchmarks.errors import BenchmarkError
from benchmarks.load import Answered, send_once
from benchmarks.measurement import Measured
from benchmarks.percentiles import percentile
from benchmarks.stack import Stack
from cqrs.outbox.inbox import COLLECTION as INBOX
from cqrs.uuid7 import moment_of, new_uuid7
from services.orders.ticket_view import CONSUMER
from services.orders.ticket_view import TICKETS as KNOWN
from services.tickets.ticket import COLLECTION as TICKETS

CONNECTIONS = 32
IDLE_TICKETS = 200
# Without a further ticket for so long, orders hear of none any more.
PATIENCE = 20.0
LOOK_SECONDS = 0.001


class Seller:
    """Somebody who has just signed up."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.base_url
        self._connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=10)
        credentials = {"email": f"{uuid4().hex}@example.org", "password": uuid4().hex}
        account = self._send("/api/users/signup", credentials, {})
        self.user_id = UUID(account["id"])
        self._authorization = {"Authorization": f"Bearer {account['token']}"}

    def offer(self, title: str) -> UUID:
        """Offer a ticket over one connection, and return its id. Raises BenchmarkError where it is refused."""
        return UUID(self._send("/api/tickets", {"title": title, "price": "20.00"}, self._authorization)["id"])

    def offering(self, title: str) -> bytes:
        """Return the bytes of the request that offers a ticket."""
        body = json.dumps({"title": title, "price": "20.00"})
        lines = [
            "POST /api/tickets HTTP/1.1",
            f"Host: {urlsplit(self._url).netloc}",
            "Content-Type: application/json",
            f"Authorization: {self._authorization['Authorization']}",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", body]).encode()

    def close(self) -> None:
        self._connection.close()

    def _send(self, path: str, body: object, headers: Mapping[str, str]) -> Any:
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        answer = self._connection.getresponse()
        answered = answer.read()
        if answer.status != http.HTTPStatus.CREATED:
            raise BenchmarkError(f"POST {path}: {answer.status}")
        return json.loads(answered)


def tickets(stack: Stack, count: int) -> list[Measured]:
    """Offer tickets one at a time on an idle system, then many over 32 connections."""
    seller = Seller(stack)
    try:
        return [_idle(stack, seller, min(count, IDLE_TICKETS)), _load(stack, seller, count)]
    finally:
        seller.close()


def _idle(stack: Stack, seller: Seller, count: int) -> Measured:
    requests, known = [], []
    for number in range(count):
        began = time.perf_counter()
        ticket_id = seller.offer(f"Concert {number}")
        answered = time.perf_counter()
        _wait(lambda: stack.mongodb[KNOWN].count_documents({"_id": ticket_id}))  # noqa: B023 - called at once
        requests.append((answered - began) * 1000)
        known.append((time.perf_counter() - answered) * 1000)
    return Measured(
        name="tickets",
        parameters={"tickets": count, "idle": "yes"},
        figures={
            "request_p50_ms": round(percentile(requests, 50), 1),
            "request_p99_ms": round(percentile(requests, 99), 1),
            "commit_to_orders_p50_ms": round(percentile(known, 50), 1),
            "commit_to_orders_p99_ms": round(percentile(known, 99), 1),
        },
        wrong=tuple(_wrong(stack, seller, count)),
    )


def _load(stack: Stack, seller: Seller, count: int) -> Measured:
    before = stack.mongodb[TICKETS].count_documents({"userId": seller.user_id})
    # Whatever is stored from now on has a later id.
    since = new_uuid7()
    requests = [seller.offering(f"Concert {number}") for number in range(count)]
    answered = send_once(stack.base_url, requests, connections=CONNECTIONS)
    saved = answered.sent - answered.failed
    _wait(lambda: _number_known(stack, seller) >= before + saved, progress=lambda: _number_known(stack, seller))
    return Measured(
        name="tickets",
        parameters={"tickets": count, "connections": CONNECTIONS, "generator": answered.generator},
        figures=_figures(answered, list(_heard(stack, since))),
        wrong=tuple(_wrong(stack, seller, before + saved)),
    )


def _figures(answered: Answered, heard: list[tuple[datetime, datetime]]) -> dict[str, float | int]:
    lags = [(taken - stored).total_seconds() * 1000 for stored, taken in heard]
    last = max((taken.timestamp() for _, taken in heard), default=answered.last_answer)
    saving = answered.last_answer - answered.first_request
    return {
        "saved_per_second": round((answered.sent - answered.failed) / saving, 1),
        "known_per_second": round(len(heard) / (last - answered.first_request), 1),
        "failed": answered.failed,
        "request_p99_ms": round(answered.p99, 1),
        "lag_p50_ms": round(percentile(lags, 50), 1),
        "lag_p99_ms": round(percentile(lags, 99), 1),
        "seconds_behind_at_the_end": round(max(0.0, last - answered.last_answer), 1),
    }


def _heard(stack: Stack, since: UUID) -> Iterator[tuple[datetime, datetime]]:
    """When each event was made, which is just before its commit, and when orders took it in, to the millisecond."""
    newer = {"_id": {"$gt": {"consumer": CONSUMER, "eventId": str(since)}}, "_id.consumer": CONSUMER}
    for taken in stack.mongodb[INBOX].find(newer):
        one: Any = taken
        yield moment_of(UUID(one["_id"]["eventId"])), one["takenAt"].astimezone(UTC)


def _number_known(stack: Stack, seller: Seller) -> int:
    return stack.mongodb[KNOWN].count_documents({"userId": seller.user_id})


def _wrong(stack: Stack, seller: Seller, wanted: int) -> Iterator[str]:
    """A line for each ticket that orders do not know, and one where others were saved than were acknowledged."""
    saved = {one["_id"] for one in stack.mongodb[TICKETS].find({"userId": seller.user_id}, {"_id": 1})}
    known = {one["_id"] for one in stack.mongodb[KNOWN].find({"userId": seller.user_id, "held": []}, {"_id": 1})}
    # Where an answer was lost, more may be saved than was acknowledged.
    if len(saved) < wanted:
        yield f"tickets: {wanted} were acknowledged, {len(saved)} are saved"
    yield from (f"tickets: orders do not know {ticket_id}" for ticket_id in saved - known)


def _wait(condition: Callable[[], object], progress: Callable[[], object] = lambda: None) -> None:
    """Return when the condition holds, or nothing has moved for too long: what is missing is told by `_wrong`."""
    seen, deadline = progress(), time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        if (now := progress()) != seen:
            seen, deadline = now, time.monotonic() + PATIENCE
