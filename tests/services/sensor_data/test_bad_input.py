"""Nothing that a reading cannot be is stored, and every refusal says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from services.sensor_data.sensor_log import READINGS
from tests.bad_input.refused import assert_refused, quickly
from tests.bad_input.test_bodies import UNREADABLE
from tests.services.sensor_data.measuring import SENSOR, reading, send
from users_query.mongodb import database

WRONG: dict[str, Any] = {
    "no reading": {},
    "several": [reading()],
    **{f"{field} missing": {k: v for k, v in reading().items() if k != field} for field in reading()},
    **{
        f"{field} is {name}": {**reading(), field: value}
        for field in reading()
        for name, value in {
            "nothing": None,
            "true": True,
            "text": "5.5",
            "empty": "",
            "operator": {"$gt": 0},
            "list": [1],
        }.items()
    },
    "sensor is a number": {**reading(), "sensorId": 5},
    "sensor is no uuid": {**reading(), "sensorId": SENSOR[:-1]},
    "sensor with a line break": {**reading(), "sensorId": SENSOR + "\n"},
    "sensor in braces": {**reading(), "sensorId": "{" + SENSOR + "}"},
    "time is a fraction": {**reading(), "time": 1.5},
    "time is a whole fraction": {**reading(), "time": 1.0},
    "time before 1970": {**reading(), "time": -1},
    "time after 9999": {**reading(), "time": 253_402_300_800_000},
    "time is a date": {**reading(), "time": "2022-12-11T14:45:52Z"},
}


@contextmanager
def nothing_stored() -> Iterator[None]:
    yield
    assert database()[READINGS].count_documents({}) == 0


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_nothing_unreadable_is_stored(client: Client, body: bytes) -> None:
    with nothing_stored(), quickly():
        assert_refused(send(client, body), 400, 413)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9223372036854775808", "01", "0x1", "+1", ".5"]
)
def test_no_value_is_stored_that_is_no_number_of_both_worlds(client: Client, number: str) -> None:
    body = f'{{"sensorId": "{SENSOR}", "time": 1, "value": {number}}}'.encode()

    with nothing_stored(), quickly():
        assert_refused(send(client, body), 400)


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_no_wrong_value_is_stored(client: Client, body: object) -> None:
    with nothing_stored(), quickly():
        assert_refused(send(client, body), 400)


def test_every_mistake_is_named_at_once(client: Client) -> None:
    answer = send(client, {"sensorId": "x", "time": -1})

    assert {(error["path"], error["code"]) for error in answer.json()["errors"]} == {
        ("sensorId", "format"),
        ("time", "range"),
        ("value", "required"),
    }


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "*/*"]
)
def test_another_media_type_is_refused(client: Client, content_type: str) -> None:
    with nothing_stored():
        assert_refused(client.put("/data", b"{}", content_type=content_type), 415)


def test_a_larger_or_compressed_body_is_refused(client: Client) -> None:
    with nothing_stored():
        assert_refused(send(client, {**reading(), "note": "x" * 300_000}), 413)
        packed = client.put("/data", b"\x1f\x8b", content_type="application/json", headers={"Content-Encoding": "gzip"})
        assert_refused(packed, 415)


def test_other_methods_and_addresses_are_refused(client: Client) -> None:
    with nothing_stored():
        assert_refused(client.post("/data", reading(), content_type="application/json"), 405)
        assert_refused(client.delete("/data"), 405)
        assert_refused(client.put("/data/", reading(), content_type="application/json"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sensorId=",
        "sensorId=1",
        f"sensorId={SENSOR}&sensorId={SENSOR}",
        "sensorId[$ne]=1",
        *(
            f"sensorId={SENSOR}&{more}"
            for more in (
                "since=",
                "since=yesterday",
                "since=-1",
                "since=1.5",
                "until=253402300800000",
                "until=9223372036854775808",
                "until=%00",
                "limit=0",
                "limit=201",
                "cursor=",
                f"cursor={quote('not a cursor')}",
                "cursor=AAAAAAAAAAAAAAAAAAAA",
            )
        ),
    ],
)
def test_no_wrong_parameter_is_read(client: Client, query: str) -> None:
    with quickly():
        assert_refused(client.get(f"/data?{query}"), 400)
