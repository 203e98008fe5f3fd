"""Nothing that an alert cannot be is kept, and every refusal says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from services.notifications.alert_outbox import NOTIFICATIONS
from tests.bad_input.refused import assert_refused, quickly
from tests.bad_input.test_bodies import UNREADABLE
from tests.services.notifications.alerting import SENSOR, alert, send
from users_query.mongodb import database

NO_NUMBER: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "text": "5.5",
    "empty": "",
    "operator": {"$gt": 0},
    "list": [1],
}
FIELDS = {"reading": ("sensorId", "time", "value"), "validRange": ("from", "to")}


def altered(part: str, field: str, value: object) -> dict[str, Any]:
    """An alert with another value in this field; `...` leaves it out."""
    body = alert()
    inner = body["context"][part] | {field: value}
    body["context"][part] = {name: one for name, one in inner.items() if one is not ...}
    return body


WRONG: dict[str, Any] = {
    "no alert": {},
    "several": [alert()],
    "no type": {"context": alert()["context"]},
    "another type": {**alert(), "type": "door"},
    "type in capitals": {**alert(), "type": "Sensor"},
    "type is a list": {**alert(), "type": ["sensor"]},
    "no context": {"type": "sensor"},
    "context is a text": {**alert(), "context": "x"},
    "context is empty": {**alert(), "context": {}},
    **{
        f"{part} missing": {**alert(), "context": {k: v for k, v in alert()["context"].items() if k != part}}
        for part in FIELDS
    },
    **{f"{part} is nothing": {**alert(), "context": {**alert()["context"], part: None}} for part in FIELDS},
    **{f"{part}.{field} missing": altered(part, field, ...) for part, fields in FIELDS.items() for field in fields},
    **{
        f"{part}.{field} is {name}": altered(part, field, value)
        for part, fields in FIELDS.items()
        for field in fields
        for name, value in NO_NUMBER.items()
    },
    "sensor is no uuid": altered("reading", "sensorId", SENSOR[:-1]),
    "time is a fraction": altered("reading", "time", 1.5),
    "time before 1970": altered("reading", "time", -1),
    "time after 9999": altered("reading", "time", 253_402_300_800_000),
    "range the wrong way round": altered("validRange", "from", 7),
}


@contextmanager
def nothing_kept() -> Iterator[None]:
    yield
    assert database()[NOTIFICATIONS].count_documents({}) == 0


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_nothing_unreadable_is_kept(client: Client, body: bytes) -> None:
    with nothing_kept(), quickly():
        assert_refused(send(client, body), 400, 413)


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_no_wrong_value_is_kept(client: Client, body: object) -> None:
    with nothing_kept(), quickly():
        assert_refused(send(client, body), 400)


def test_every_mistake_is_named_at_once(client: Client) -> None:
    answer = send(client, {"type": "door", "context": {"reading": {"sensorId": "x", "time": 1}, "validRange": {}}})

    assert {(error["path"], error["code"]) for error in answer.json()["errors"]} == {
        ("type", "choice"),
        ("context.reading.sensorId", "format"),
        ("context.reading.value", "required"),
        ("context.validRange.from", "required"),
        ("context.validRange.to", "required"),
    }


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "*/*"]
)
def test_another_media_type_is_refused(client: Client, content_type: str) -> None:
    with nothing_kept():
        assert_refused(client.put("/alerts", b"{}", content_type=content_type), 415)


def test_a_larger_or_compressed_body_is_refused(client: Client) -> None:
    headers = {"Content-Encoding": "gzip"}

    with nothing_kept():
        assert_refused(send(client, {**alert(), "note": "x" * 300_000}), 413)
        assert_refused(client.put("/alerts", b"\x1f", content_type="application/json", headers=headers), 415)


def test_other_methods_and_addresses_are_refused(client: Client) -> None:
    with nothing_kept():
        assert_refused(client.post("/alerts", alert(), content_type="application/json"), 405)
        assert_refused(client.delete("/alerts"), 405)
        assert_refused(client.put("/alerts/", alert(), content_type="application/json"), 404)
        assert_refused(client.get("/alerts/1"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "state=",
        "state=lost",
        "state=sent&state=failed",
        "state[$ne]=sent",
        "sensorId=",
        "sensorId=1",
        "sensorId=%00",
        "limit=0",
        "limit=201",
        "cursor=",
        f"cursor={quote('not a cursor')}",
        "cursor=AAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_no_wrong_parameter_is_read(client: Client, query: str) -> None:
    with quickly():
        assert_refused(client.get(f"/alerts?{query}"), 400)
