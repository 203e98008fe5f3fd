"""The sensor data service with an empty log."""

import pytest
from django.test import Client
from pytest_django import Settings

from services.sensor_data.sensor_log import RANGES, READINGS, SensorLog, sensor_log
from services.sensor_data.valid_range import ValidRange
from users_query.mongodb import database


@pytest.fixture
def log(settings: Settings) -> SensorLog:
    """An empty log in which 5 to 6 is valid; `/data` keeps to it."""
    settings.ROOT_URLCONF = "tests.services.sensor_data.urls"
    opened = SensorLog(database(), ValidRange(since=5, until=6))
    for name in (READINGS, RANGES):
        database()[name].delete_many({})
    opened.prepare()
    sensor_log.open(opened)
    return opened


@pytest.fixture
def client(log: SensorLog) -> Client:
    """A client that gets error answers as they are sent."""
    return Client(raise_request_exception=False)
