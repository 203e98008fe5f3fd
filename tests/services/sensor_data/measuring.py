"""Readings as the tests make them."""

from typing import Any

from django.test import Client

SENSOR = "bf951e3e-aefd-4335-a330-5fcca06f100d"
OTHER = "a6620c91-c855-4a16-a9a2-779861f93714"
TIME = 1670769952022

Answer = Any


def reading(value: object = 5.5, *, sensor: str = SENSOR, time: int = TIME) -> dict[str, Any]:
    """What a sensor sends."""
    return {"sensorId": sensor, "time": time, "value": value}


def send(client: Client, body: object) -> Answer:
    """Send a reading."""
    return client.put("/data", body, content_type="application/json")


def sent(client: Client, value: float = 5.5, *, sensor: str = SENSOR, time: int = TIME) -> dict[str, Any]:
    """A reading that was taken in."""
    body = reading(value, sensor=sensor, time=time)
    answer = send(client, body)
    assert answer.status_code == 204, answer.content
    return body


def listed(client: Client, sensor: str = SENSOR, **parameters: Any) -> list[dict[str, Any]]:
    """A page of readings."""
    answer = client.get("/data", {"sensorId": sensor, **parameters})
    assert answer.status_code == 200, answer.content
    page: list[dict[str, Any]] = answer.json()
    return page
