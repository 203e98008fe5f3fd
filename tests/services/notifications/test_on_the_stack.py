"""The seed's requests on the running stack: a critical reading reaches a real provider once, whoever is killed."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

import pytest

from infra.stack.stores import ADDRESS_VARIABLES
from tests.running_stack import RunningStack, running_stack
from tests.services.notifications.alerting import alert
from tests.services.notifications.provider_server import Answering, ProviderServer, provider_server

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Running(NamedTuple):
    stack: RunningStack
    provider: ProviderServer


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A stack on the session's stores, with a provider that takes everything unless it is told otherwise."""
    stores = {variable: os.environ[variable] for variable in ADDRESS_VARIABLES}
    with (
        provider_server() as provider,
        running_stack(
            **stores,
            MONGODB_DATABASE="cqrs_sensors",
            MONGODB_BROKER_DATABASE="broker_sensors",
            CHANGE_FEEDS_DATABASE="feeds_sensors",
            EXT_ALERT_PROVIDER_URL=provider.url,
            EXT_ALERT_PROVIDER_SECRET=SECRET,
        ) as stack,
    ):
        yield Running(stack, provider)


def put(url: str, body: object) -> int:
    """The status of a request as `curl` sends it."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def measure(stack: RunningStack, sensor: str, time: int, value: float = 6.2) -> None:
    """Store a reading on the seed's port; asked again where the answer was lost."""
    body = {"sensorId": sensor, "time": time, "value": value}
    stack.wait_until(lambda: put(f"{stack.env['SENSOR_DATA_URL']}/data", body) in {204, 409}, "the reading is stored")


def kill(stack: RunningStack, worker: str) -> None:
    """Kill a worker that runs: one that was killed a moment ago may not be there yet."""
    stack.wait_until(lambda: stack.pid(worker), f"{worker} runs")
    stack.kill(worker)


def told(provider: ProviderServer, sensor: str) -> list[int]:
    """The times of a sensor's readings in the order in which the provider first took them; below a second."""
    texts = provider.texts_of(sensor)
    return list(dict.fromkeys(int(text.rpartition(".")[2].removesuffix("Z")) for text in texts))


def test_a_critical_reading_reaches_the_provider_and_a_valid_one_does_not(running: Running) -> None:
    stack, provider = running
    sensor = str(uuid4())

    for time, value in enumerate((4.9, 5, 6, 6.1)):
        measure(stack, sensor, time, value)
    stack.wait_until(lambda: len(told(provider, sensor)) == 2, "both are told")

    assert provider.texts_of(sensor) == [
        f"The sensor with id: {sensor} showed critical value of: 4.9 at 1970-01-01T00:00:00.000Z",
        f"The sensor with id: {sensor} showed critical value of: 6.1 at 1970-01-01T00:00:00.003Z",
    ]
    assert all(got.headers["webhook-signature"].startswith("v1,") for got in provider.taken)


def test_an_alert_by_request_reaches_the_provider(running: Running) -> None:
    stack, provider = running
    sensor = str(uuid4())

    statuses = [put(f"{stack.env['NOTIFICATIONS_URL']}/alerts", alert(sensor=sensor, time=7)) for _ in range(3)]
    stack.wait_until(lambda: told(provider, sensor) == [7], "it is told")

    assert statuses == [204] * 3
    assert len(provider.texts_of(sensor)) == 1


def test_killed_workers_lose_nothing_and_break_no_order(running: Running) -> None:
    stack, provider = running
    sensor = str(uuid4())

    for time in range(60):
        measure(stack, sensor, time)
        if time in {10, 40}:
            kill(stack, "sensor-alerts")
        if time in {20, 30}:
            kill(stack, "notifications")
    stack.wait_until(lambda: len(told(provider, sensor)) == 60, "all are told", 60)
    stack.wait_until_healthy()

    assert told(provider, sensor) == list(range(60))
    # Told again is what was answered while its worker died, under the same key.
    keys = {(got.text, got.id) for got in provider.taken if sensor in got.text}
    assert len(keys) == 60


def test_an_outage_of_the_provider_stops_nothing_else(running: Running) -> None:
    stack, provider = running
    sensor = str(uuid4())
    provider.answering = lambda _: Answering(503, {"Retry-After": "1"})

    for time in range(5):
        measure(stack, sensor, time)
    stack.wait_until(lambda: any(sensor in got.text for got in provider.got), "it was asked")
    readyz = stack.status_of("/readyz")
    provider.answering = lambda _: Answering()
    stack.wait_until(lambda: told(provider, sensor) == list(range(5)), "all are told")

    assert readyz == 200
