"""In the running stack the built-in provider is told of critical readings; while it fails, alerts wait."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from time import time
from typing import Any
from uuid import uuid4

import pytest

from tests.running_stack import RunningStack

TEXTS = "/api/v1/provider/texts"


@pytest.fixture
def sensor(stack: RunningStack) -> Iterator[str]:
    """A sensor of the test's own; the provider takes everything before and afterwards."""
    behave(stack, "take")
    yield str(uuid4())
    behave(stack, "take")


def put(url: str, body: object) -> int:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def get(stack: RunningStack, path: str) -> list[dict[str, Any]]:
    """The items of a page."""
    with urllib.request.urlopen(f"{stack.base_url}{path}", timeout=60) as answer:
        items: list[dict[str, Any]] = json.load(answer)["items"]
    return items


def behave(stack: RunningStack, answer: str) -> None:
    assert put(f"{stack.base_url}/api/v1/provider/behaviour", {"answer": answer}) == 204


def measure(stack: RunningStack, sensor: str, readings: int = 1) -> None:
    """Store critical readings; the value says which of them it is."""
    start = int(time() * 1000)
    for number in range(readings):
        body = {"sensorId": sensor, "time": start + number, "value": 100 + number}
        assert put(f"{stack.env['SENSOR_DATA_URL']}/data", body) == 204


def alerts(stack: RunningStack, sensor: str) -> list[dict[str, Any]]:
    return get(stack, f"/alerts?sensorId={sensor}")


def states(stack: RunningStack, sensor: str) -> list[str]:
    return [alert["delivery"]["state"] for alert in alerts(stack, sensor)]


def error_of_oldest(stack: RunningStack, sensor: str) -> str:
    return "".join(str(alert["delivery"]["lastError"] or "") for alert in alerts(stack, sensor)[-1:])


def texts(stack: RunningStack, sensor: str) -> list[dict[str, Any]]:
    """What the provider has taken of a sensor, the oldest first."""
    return [item for item in reversed(get(stack, f"{TEXTS}?limit=200")) if sensor in item["text"]]


def test_the_provider_is_told_of_a_critical_reading(stack: RunningStack, sensor: str) -> None:
    measure(stack, sensor)

    stack.wait_until(lambda: states(stack, sensor) == ["sent"], "it is sent")

    (alert,), (text,) = alerts(stack, sensor), texts(stack, sensor)
    assert text["id"] == alert["id"]
    assert f"The sensor with id: {sensor} showed critical value of: 100 at " in text["text"]
    assert text["appId"].startswith("instance-")


@pytest.mark.parametrize(
    ("answer", "noted"),
    [
        ("error", "the provider answered 500"),
        ("busy", "the provider answered 429"),
        ("close", "the request failed: ProtocolError"),
        ("hang", "the request failed: "),
    ],
)
def test_while_it_fails_alerts_wait_and_are_told_in_order_afterwards(
    stack: RunningStack, sensor: str, answer: str, noted: str
) -> None:
    behave(stack, answer)
    measure(stack, sensor, 3)

    stack.wait_until(lambda: error_of_oldest(stack, sensor), "the failure is noted")
    while_failing = states(stack, sensor), error_of_oldest(stack, sensor), stack.status_of("/readyz")
    behave(stack, "take")
    stack.wait_until(lambda: states(stack, sensor) == ["sent"] * 3, "all are sent")

    waiting, error, ready = while_failing
    assert (set(waiting), ready) == ({"pending"}, 200)
    assert error.startswith(noted)
    assert [text["text"].split("value of: ")[1][:3] for text in texts(stack, sensor)] == ["100", "101", "102"]
    assert {alert["delivery"]["attempts"] for alert in alerts(stack, sensor)} == {0}


def test_what_it_refuses_has_failed_and_is_told_after_a_retry(stack: RunningStack, sensor: str) -> None:
    behave(stack, "refuse")
    measure(stack, sensor)
    stack.wait_until(lambda: states(stack, sensor) == ["failed"], "it has failed")
    (failed,) = alerts(stack, sensor)
    behave(stack, "take")

    retry = urllib.request.Request(f"{stack.base_url}/alerts/{failed['id']}/retry", method="POST")
    with urllib.request.urlopen(retry, timeout=60) as answer:
        status = answer.status
    stack.wait_until(lambda: states(stack, sensor) == ["sent"], "it is sent after all")

    assert (status, failed["delivery"]["attempts"]) == (204, 3)
    assert len(texts(stack, sensor)) == 1


def test_the_requests_of_the_seed_are_answered_as_they_stand(stack: RunningStack) -> None:
    reading: dict[str, Any] = {"sensorId": "bf951e3e-aefd-4335-a330-5fcca06f100d", "time": 1670769952022, "value": 6.2}
    of_an_alert: dict[str, Any] = {
        "sensorId": "a6620c91-c855-4a16-a9a2-779861f93714",
        "time": 1670682969883,
        "value": 6.2,
    }
    alert = {"type": "sensor", "context": {"reading": of_an_alert, "validRange": {"from": 5, "to": 6}}}

    stored = put(f"{stack.env['SENSOR_DATA_URL']}/data", reading)
    kept = put(f"{stack.env['NOTIFICATIONS_URL']}/alerts", alert)

    assert (stored, kept) == (204, 204)
    for sensor, moment in (
        (reading["sensorId"], "2022-12-11T14:45:52.022Z"),
        (of_an_alert["sensorId"], "2022-12-10T14:36:09.883Z"),
    ):
        told = f"The sensor with id: {sensor} showed critical value of: 6.2 at {moment}"
        stack.wait_until(lambda: [text["text"] for text in texts(stack, sensor)] == [told], told)  # noqa: B023 - within this turn
