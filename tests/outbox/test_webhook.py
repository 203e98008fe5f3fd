"""Parked events are told of by a signed webhook, at least once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from cqrs.outbox import Notice, Notices, Outbox
from cqrs.outbox.webhook import ParkedEventWebhook
from cqrs.webhooks.client import WebhookSettings
from cqrs.webhooks.errors import MessageRefused, Undelivered
from cqrs.webhooks.signature import signed_headers, signing_key
from tests.outbox.tickets import Tickets, event_of
from tests.services.notifications.provider_server import Answering, ProviderServer, provider_server

KEY = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
NOTICE = Notice(
    event_id="e-1",
    subject="tickets.a",
    event_type="ticket:created",
    aggregate_type="ticket",
    aggregate_id="a",
    sequence=1,
    attempts=10,
    error="too large",
    error_type="too_large",
    parked_at=datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC),
)


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as server:
        yield server


@pytest.fixture
def webhook(server: ProviderServer) -> ParkedEventWebhook:
    return ParkedEventWebhook(
        WebhookSettings(url=server.url, key=KEY, networks=(ip_network("127.0.0.0/8"),), seconds=10.0)
    )


def test_it_says_which_event_and_why_and_is_signed(server: ProviderServer, webhook: ParkedEventWebhook) -> None:
    webhook(NOTICE)

    (got,) = server.got
    told = json.loads(got.body)
    timestamp = int(got.headers["webhook-timestamp"])
    signed = signed_headers(KEY, message_id=got.id, timestamp=timestamp, body=got.body)
    assert (told["type"], told["timestamp"]) == ("outbox.event_parked", "2026-11-21T12:00:00.123000Z")
    assert (told["data"]["eventId"], told["data"]["errorType"], told["data"]["attempts"]) == ("e-1", "too_large", 10)
    assert got.headers["webhook-signature"] == signed["webhook-signature"]


def test_it_has_the_same_id_at_every_attempt(server: ProviderServer, webhook: ParkedEventWebhook) -> None:
    webhook(NOTICE)
    webhook(NOTICE)

    assert len({got.id for got in server.got}) == 1


def test_a_receiver_that_does_not_take_it_is_an_error(server: ProviderServer, webhook: ParkedEventWebhook) -> None:
    server.answering = lambda _: Answering(400)
    with pytest.raises(MessageRefused):
        webhook(NOTICE)

    server.answering = lambda _: Answering(503)
    with pytest.raises(Undelivered):
        webhook(NOTICE)


def test_a_parked_event_reaches_the_receiver(
    server: ProviderServer, webhook: ParkedEventWebhook, outbox: Outbox, tickets: Tickets
) -> None:
    tickets.save(event_of("a", 1, event_id="e-1"))
    failure = {"at": "$$NOW", "error": "no", "type": "refused", "attempt": 3, "worker": "w"}
    given_up = {"isLocked": False, "attempts": 3, "failures": [failure], "parkedAt": "$$NOW", "noticeDueAt": "$$NOW"}
    outbox.queue.events.update_one({"_id": "e-1"}, [{"$set": given_up}])

    told = [Notices(outbox.queue, webhook).send_due() for _ in range(2)]

    assert told == [1, 0]
    assert [json.loads(got.body)["data"]["eventId"] for got in server.taken] == ["e-1"]
