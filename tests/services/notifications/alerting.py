"""Alerts as the tests make them."""

from typing import Any

import msgspec
from django.test import Client

from services.notifications.broker_client import SensorAlertPayload

SENSOR = "a6620c91-c855-4a16-a9a2-779861f93714"
OTHER = "bf951e3e-aefd-4335-a330-5fcca06f100d"
TIME = 1670682969883

Answer = Any


def alert(value: object = 6.2, *, sensor: str = SENSOR, time: int = TIME) -> dict[str, Any]:
    """What tells of a critical reading."""
    reading = {"sensorId": sensor, "time": time, "value": value}
    return {"type": "sensor", "context": {"reading": reading, "validRange": {"from": 5, "to": 6}}}


def typed(value: float = 6.2, *, sensor: str = SENSOR, time: int = TIME) -> SensorAlertPayload:
    """The same as the service's own type."""
    return msgspec.convert(alert(value, sensor=sensor, time=time), SensorAlertPayload)


def send(client: Client, body: object) -> Answer:
    """Send an alert."""
    return client.put("/alerts", body, content_type="application/json")


def listed(client: Client, **parameters: Any) -> dict[str, Any]:
    """A page of alerts."""
    answer = client.get("/alerts", parameters)
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def deliveries(client: Client) -> list[dict[str, Any]]:
    """How far the delivery of each alert has come, in the order of their ids."""
    return [item["delivery"] for item in reversed(listed(client, limit=200)["items"])]
