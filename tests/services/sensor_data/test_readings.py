"""A reading is stored once for its sensor and time, and told again by time."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client

from services.sensor_data.sensor_log import READINGS, SensorLog
from tests.services.sensor_data.measuring import OTHER, SENSOR, TIME, listed, reading, send, sent
from tests.threads import in_threads
from users_query.mongodb import database


def test_a_reading_is_stored_and_told_by_its_three_fields(client: Client) -> None:
    answer = send(client, reading(6.2))

    assert (answer.status_code, answer.content) == (204, b"")
    assert listed(client) == [{"sensorId": SENSOR, "time": TIME, "value": 6.2}]


def test_a_second_reading_of_the_same_sensor_and_time_is_a_conflict(client: Client) -> None:
    first = sent(client, 5.1)

    answer = send(client, reading(5.9))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    assert listed(client) == [first]


def test_of_many_at_once_one_is_stored(client: Client) -> None:
    answers = in_threads([lambda value=value: send(client, reading(value)) for value in range(8)])  # type: ignore[misc]

    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 7
    assert len(listed(client)) == 1


def test_other_sensors_and_times_are_others(client: Client) -> None:
    sent(client, sensor=SENSOR)
    sent(client, sensor=OTHER)
    sent(client, sensor=SENSOR, time=TIME + 1)

    assert len(listed(client, SENSOR)) == 2
    assert len(listed(client, OTHER)) == 1


@pytest.mark.parametrize("value", [0, -1, 6, 6.0, 5e-324, -1.7e308, 2**63 - 1, -(2**63)])
def test_a_value_comes_back_as_it_was(client: Client, value: float) -> None:
    sent(client, value)

    (found,) = listed(client)

    assert (found["value"], type(found["value"])) == (value, type(value))


def test_nobody_has_readings_of_nobody(client: Client) -> None:
    assert listed(client) == []


def test_both_ends_of_the_time_belong_to_it(client: Client) -> None:
    for time in (30, 10, 20, 40):
        sent(client, time=time)

    def times(**parameters: int) -> list[int]:
        return [found["time"] for found in listed(client, **parameters)]  # type: ignore[arg-type]

    assert times() == [10, 20, 30, 40]
    assert times(since=20, until=30) == [20, 30]
    assert times(since=21) == [30, 40]
    assert times(until=19) == [10]
    assert times(since=30, until=20) == []


def test_pages_lead_on_by_time(client: Client) -> None:
    for time in range(7):
        sent(client, time=time)
        sent(client, time=time, sensor=OTHER)

    seen, address = [], f"/data?sensorId={SENSOR}&since=1&limit=3"
    while address:
        page = client.get(address)
        seen.append([found["time"] for found in page.json()])
        address = next_page(page)

    assert seen == [[1, 2, 3], [4, 5, 6]]


def next_page(page: Any) -> str:
    """The address of the next page; empty after the last one."""
    address, _, relation = page.headers.get("Link", "").partition("; ")
    assert relation in {"", 'rel="next"'}
    return str(address.strip("<>"))


@pytest.mark.parametrize("changed", [{"sensorId": OTHER}, {"since": 1}, {"until": 5}])
def test_a_cursor_is_of_one_question(client: Client, changed: dict[str, Any]) -> None:
    for time in range(2):
        sent(client, time=time)
    question: dict[str, Any] = {"sensorId": SENSOR, "since": 0, "limit": 1}
    first = client.get("/data", question)
    cursor = parse_qs(urlsplit(next_page(first)).query)["cursor"][0]

    answer = client.get("/data", {**question, "cursor": cursor, **changed})

    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "cursor")


def test_a_list_is_read_from_its_index(log: SensorLog) -> None:
    wanted = {"sensorId": {"$eq": UUID(SENSOR)}, "time": {"$gte": 1, "$lte": 5}}

    plan = database()[READINGS].find(wanted).sort("time", 1).limit(10).explain()["queryPlanner"]["winningPlan"]

    assert "of_sensor_by_time" in str(plan)
    assert "SORT'" not in str(plan)


def test_a_reading_is_written_to_a_majority(log: SensorLog) -> None:
    concern = database()[READINGS].write_concern.document

    assert concern == {"w": "majority", "j": True}
