"""The benchmark's provider takes requests as they come over connections that stay, and knows what they tell of."""

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from benchmarks.alert_provider import alert_provider
from benchmarks.errors import BenchmarkError
from benchmarks.sensor_alerts import key_of, sensor_alerts
from benchmarks.stack import Stack

SENSOR = "bf951e3e-aefd-4335-a330-5fcca06f100d"
TEXT = f"The sensor with id: {SENSOR} showed critical value of: 6.2 at 2022-12-11T14:45:52.022Z"


def test_each_notification_is_taken_with_the_time_of_its_arrival() -> None:
    with alert_provider() as provider:
        connection = http.client.HTTPConnection(urlsplit(provider.url).netloc, timeout=5)
        before = time.time()
        for number in range(3):
            connection.request("PUT", "/notify", json.dumps({"text": str(number)}))
            assert connection.getresponse().read() == b""
        connection.close()
        are_there = provider.wait_for(3, seconds=5)

    assert are_there
    assert [json.loads(body)["text"] for _, body in provider.arrivals] == ["0", "1", "2"]
    assert before <= provider.arrivals[0][0] <= provider.arrivals[2][0] <= time.time()


def test_a_notification_names_its_reading() -> None:
    assert key_of(json.dumps({"text": TEXT}).encode()) == (SENSOR, 1670769952022)


def test_something_else_is_told() -> None:
    with pytest.raises(BenchmarkError, match="something else"):
        key_of(b'{"text": "hello"}')


def test_where_another_provider_is_told_nothing_is_measured(stack: Stack) -> None:
    assert sensor_alerts(stack, 10) == []
