"""Alarms and recoveries reach who is told of them over HTTP: signed, once for each window, under one id each."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import NOTICES, Ledger
from cqrs.delivery.notice_webhook import NoticeWebhook
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.webhooks.client import WebhookSettings
from cqrs.webhooks.signature import signed_headers, signing_key
from tests.delivery.recorded import SHORT, Recorder, run, run_until_counted
from tests.delivery.tracked import TOPIC
from tests.services.notifications.provider_server import Answering, ProviderServer, provider_server

KEY = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as server:
        yield server


@pytest.fixture
def scheduler(ledger: Ledger, server: ProviderServer) -> Scheduler:
    """A scheduler that tells the server of everything below a hundred percent."""
    told = NoticeWebhook(WebhookSettings(url=server.url, key=KEY, networks=(ip_network("127.0.0.0/8"),), seconds=5.0))
    return Scheduler(ledger, Notices(ledger, Thresholds(), told), SHORT)


def bodies(server: ProviderServer) -> list[dict[str, Any]]:
    return [json.loads(got.body) for got in server.taken]


def test_a_rate_that_falls_is_told_of_once_and_so_is_its_recovery(
    ledger: Ledger, scheduler: Scheduler, server: ProviderServer
) -> None:
    recorder = Recorder(ledger)
    recorder.publish("first", "second", to=("billing",))
    recorder.receive("first", by=("billing",))

    run_until_counted(scheduler, ledger)
    run(scheduler)
    recorder.receive("second", by=("billing",))
    run_until_counted(scheduler, ledger)

    alarm, recovery = bodies(server)
    assert (alarm["type"], recovery["type"]) == ("delivery.rate_below_threshold", "delivery.rate_recovered")
    numbers = ("topic", "expected", "received", "missed", "rate")
    assert [alarm["data"][name] for name in numbers] == [TOPIC, 2, 1, 1, 0.5]
    assert [recovery["data"][name] for name in numbers] == [TOPIC, 2, 2, 0, 1.0]
    assert datetime.fromisoformat(alarm["data"]["end"]) == recorder.start + timedelta(milliseconds=SHORT.size)


def test_it_is_signed(ledger: Ledger, scheduler: Scheduler, server: ProviderServer) -> None:
    Recorder(ledger).publish("first", to=("billing",))

    run_until_counted(scheduler, ledger)

    (got,) = server.got
    signed = signed_headers(KEY, message_id=got.id, timestamp=int(got.headers["webhook-timestamp"]), body=got.body)
    assert got.headers["webhook-signature"] == signed["webhook-signature"]


def test_what_was_not_taken_is_told_again_under_the_same_id(
    ledger: Ledger, scheduler: Scheduler, server: ProviderServer
) -> None:
    server.answering = lambda _: Answering(503)
    Recorder(ledger).publish("first", to=("billing",))
    run_until_counted(scheduler, ledger)
    refused = len(server.taken) == 0

    server.answering = lambda _: Answering()
    ledger.collection(NOTICES).update_many({}, [{"$set": {"dueAt": "$$NOW"}}])
    run(scheduler)

    assert refused
    assert len(server.taken) == 1
    assert len({got.id for got in server.got}) == 1
