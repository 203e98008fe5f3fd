"""A sensor's valid range: that of all until it has its own; each reading keeps the one that it was stored under."""

from uuid import UUID

import pytest
from django.test import Client

from services.sensor_data.reading import from_document
from services.sensor_data.sensor_log import READINGS
from services.sensor_data.valid_range import Number, ValidRange
from tests.bad_input.refused import assert_refused
from tests.services.sensor_data.measuring import OTHER, SENSOR, Answer, sent
from users_query.mongodb import database


def put_range(client: Client, valid_range: object, sensor: str = SENSOR) -> Answer:
    return client.put(f"/sensors/{sensor}/valid-range", valid_range, content_type="application/json")


def range_of(client: Client, sensor: str = SENSOR) -> object:
    return client.get(f"/sensors/{sensor}/valid-range").json()


def test_a_sensor_has_the_range_of_all_until_it_has_its_own(client: Client) -> None:
    before = range_of(client)
    answer = put_range(client, {"from": -1.5, "to": 7})

    assert (before, answer.status_code) == ({"from": 5, "to": 6}, 204)
    assert range_of(client) == {"from": -1.5, "to": 7}
    assert range_of(client, OTHER) == {"from": 5, "to": 6}


def test_a_reading_keeps_the_range_that_counted_when_it_was_stored(client: Client) -> None:
    sent(client, 6.5, time=1)
    put_range(client, {"from": 0, "to": 10})
    sent(client, 6.5, time=2)

    found = [from_document(one) for one in database()[READINGS].find({"sensorId": UUID(SENSOR)}).sort("time")]

    assert [(one.valid_range.until, one.is_critical) for one in found] == [(6, True), (10, False)]


@pytest.mark.parametrize(("value", "included"), [(4.9, False), (5, True), (5.5, True), (6, True), (6.1, False)])
def test_both_ends_are_valid(value: Number, included: bool) -> None:
    assert ValidRange(since=5, until=6).includes(value) is included


def test_a_range_of_one_value_is_one() -> None:
    assert ValidRange(since=5, until=5.0).includes(5)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"from": 5},
        {"to": 5},
        {"from": 6, "to": 5},
        {"from": "5", "to": 6},
        {"from": None, "to": 6},
        {"from": True, "to": 6},
        {"since": 5, "until": 6},
        [5, 6],
        5,
        b'{"from": 5, "to": NaN}',
        b'{"from": 5, "to": 1e999}',
        b'{"from": 5, "to": 9223372036854775808}',
    ],
)
def test_no_wrong_range_is_taken_in(client: Client, wrong: object) -> None:
    assert_refused(put_range(client, wrong), 400)
    assert range_of(client) == {"from": 5, "to": 6}


def test_a_sensor_has_a_uuid(client: Client) -> None:
    assert_refused(put_range(client, {"from": 5, "to": 6}, sensor="1"), 404)
