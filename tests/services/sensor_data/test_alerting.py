"""Every critical reading is told, in the order of its sensor's readings, whoever is down meanwhile."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from cqrs.broker import Broker, BrokerConfig, define_broker, reading
from cqrs.changefeed import ChangeFeeds, FeedsConfig, Timing, define_feeds
from cqrs.testing.waiting import wait_until
from services.sensor_data.alerting import Alerting, Telling
from services.sensor_data.broker_client import topics
from services.sensor_data.sensor_log import READINGS, SensorLog
from services.sensor_data.telling_by_message import TellingByMessage
from services.sensor_data.telling_by_request import TellingByRequest
from tests.services.notifications.provider_server import Answering, Got, ProviderServer, provider_server
from tests.services.sensor_data.measuring import OTHER, SENSOR, TIME, sent
from users_query.mongodb import database

QUICK = Timing(heartbeat=0.1, session_timeout=1.5)
(TOPIC,) = topics.DEFINED


@pytest.fixture
def feeds_config() -> Iterator[FeedsConfig]:
    config = define_feeds(mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=f"feeds_test_{uuid4().hex[:12]}")
    yield config
    database().client.drop_database(config.database)


@pytest.fixture
def broker_config() -> Iterator[BrokerConfig]:
    config = define_broker(mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=f"broker_test_{uuid4().hex[:12]}")
    yield config
    database().client.drop_database(config.database)


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    """Whoever takes the alerts that are told by request."""
    with provider_server() as server:
        yield server


@contextmanager
def alerting(config: FeedsConfig, log: SensorLog, telling: Telling) -> Iterator[None]:
    """A worker that alerts until the block ends."""
    alerting = Alerting(log, telling)
    feeds = ChangeFeeds(config).connect()
    feeds.start(alerting.feed(), timing=QUICK)
    try:
        yield
    finally:
        feeds.disconnect()
        alerting.close()


def alerts_on(config: BrokerConfig) -> list[dict[str, Any]]:
    """What was sent, partition by partition."""
    with Broker(config) as broker:
        broker.topics.create(TOPIC)
        return [
            record.message.value
            for partition in range(TOPIC.partitions)
            for record in reading.read(
                broker.store, topic=TOPIC.name, partition=partition, offset=0, limit=1000
            ).records
        ]


def alerts_at(server: ProviderServer) -> list[dict[str, Any]]:
    """What was taken, in its order."""
    return [json.loads(got.body) for got in server.taken]


def times(alerts: list[dict[str, Any]], sensor: str = SENSOR) -> list[int]:
    """The times of a sensor's readings in the order in which they were told first.

    At least once is all that is promised here: what comes again is one alert for the notification service.
    """
    readings = [alert["context"]["reading"] for alert in alerts]
    return list(dict.fromkeys(reading["time"] for reading in readings if reading["sensorId"] == sensor))


def test_a_reading_outside_of_its_range_is_told_with_the_range(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, broker_config: BrokerConfig
) -> None:
    with alerting(feeds_config, log, TellingByMessage(Broker(broker_config))):
        for time, value in enumerate((4.9, 5, 5.5, 6, 6.1, 6.2)):
            sent(client, value, time=TIME + time)
        wait_until(lambda: TIME + 5 in times(alerts_on(broker_config)), "the last is told")

    assert times(alerts_on(broker_config)) == [TIME, TIME + 4, TIME + 5]
    assert alerts_on(broker_config)[-1] == {
        "type": "sensor",
        "context": {
            "reading": {"sensorId": SENSOR, "time": TIME + 5, "value": 6.2},
            "validRange": {"from": 5, "to": 6},
        },
    }


def test_the_range_that_counts_is_that_of_the_time_of_storing(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, broker_config: BrokerConfig
) -> None:
    sent(client, 6.5, time=1)
    sent(client, 5.5, time=2)
    client.put(f"/sensors/{SENSOR}/valid-range", {"from": 7, "to": 8}, content_type="application/json")
    sent(client, 5.5, time=3)

    with alerting(feeds_config, log, TellingByMessage(Broker(broker_config))):
        wait_until(lambda: len(times(alerts_on(broker_config))) == 2, "two are told")

    told = alerts_on(broker_config)
    assert times(told) == [1, 3]
    assert [alert["context"]["validRange"]["from"] for alert in told] == [5, 7]


def test_what_was_stored_while_no_worker_ran_is_told_after_the_start(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, broker_config: BrokerConfig
) -> None:
    for time in range(20):
        sent(client, 7, time=time)
        sent(client, 7, time=time, sensor=OTHER)
    with alerting(feeds_config, log, TellingByMessage(Broker(broker_config))):
        wait_until(
            lambda: all(len(times(alerts_on(broker_config), sensor)) == 20 for sensor in (SENSOR, OTHER)),
            "all are told",
        )
    for time in range(20, 30):
        sent(client, 7, time=time)
    with alerting(feeds_config, log, TellingByMessage(Broker(broker_config))):
        wait_until(lambda: len(times(alerts_on(broker_config))) == 30, "the others are told")

    told = alerts_on(broker_config)
    assert times(told, SENSOR) == list(range(30))
    assert times(told, OTHER) == list(range(20))


def test_two_workers_tell_all_in_order(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, broker_config: BrokerConfig
) -> None:
    first, second = (TellingByMessage(Broker(broker_config)) for _ in range(2))
    with alerting(feeds_config, log, first), alerting(feeds_config, log, second):
        for time in range(30):
            sent(client, 7, time=time)
        wait_until(lambda: len(times(alerts_on(broker_config))) == 30, "all are told")

    assert times(alerts_on(broker_config)) == list(range(30))


def test_by_request_it_is_told_as_json(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, server: ProviderServer
) -> None:
    with alerting(feeds_config, log, TellingByRequest(server.url)):
        sent(client, 4)
        wait_until(lambda: server.taken, "it is told")

    assert server.got[0].headers["content-type"] == "application/json"
    assert times(alerts_at(server)) == [TIME]


@pytest.mark.parametrize(
    "outage",
    [Answering(500), Answering(429), Answering(302, {"Location": "/"}), Answering(hang=True), Answering(close=True)],
)
def test_an_outage_of_the_other_service_delays_and_loses_nothing(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, server: ProviderServer, outage: Answering
) -> None:
    server.answering = lambda _: outage
    with alerting(feeds_config, log, TellingByRequest(server.url, seconds=2.0)):
        for time in range(5):
            sent(client, 7, time=time)
            sent(client, 7, time=time, sensor=OTHER)
        wait_until(lambda: len(server.got) >= 2, "it was tried again")
        server.answering = lambda _: Answering()
        wait_until(
            lambda: [len(times(alerts_at(server), sensor)) for sensor in (SENSOR, OTHER)] == [5, 5], "all are told"
        )

    assert times(alerts_at(server), SENSOR) == times(alerts_at(server), OTHER) == list(range(5))


def test_what_the_other_service_refuses_holds_back_its_own_sensor_only(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, server: ProviderServer
) -> None:
    def refuse_the_first(got: Got) -> Answering:
        return Answering(422) if times([json.loads(got.body)]) == [0] else Answering()

    server.answering = refuse_the_first
    with alerting(feeds_config, log, TellingByRequest(server.url)):
        for time in range(5):
            sent(client, 7, time=time)
            sent(client, 7, time=time, sensor=OTHER)
        wait_until(lambda: len(times(alerts_at(server), OTHER)) == 5, "the other's are told")

    assert times(alerts_at(server), OTHER) == list(range(5))
    assert times(alerts_at(server), SENSOR) == []


def test_it_stops_at_once_while_nobody_can_be_told_and_goes_on_later(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, server: ProviderServer
) -> None:
    server.answering = lambda _: Answering(503)
    with alerting(feeds_config, log, TellingByRequest(server.url)):
        sent(client, 7, time=1)
        wait_until(lambda: server.got, "it was tried")
    server.answering = lambda _: Answering()

    with alerting(feeds_config, log, TellingByRequest(server.url)):
        sent(client, 7, time=2)
        wait_until(lambda: len(times(alerts_at(server))) == 2, "both are told")

    assert times(alerts_at(server)) == [1, 2]


def test_what_is_no_reading_holds_nobody_back(
    client: Client, log: SensorLog, feeds_config: FeedsConfig, broker_config: BrokerConfig
) -> None:
    with alerting(feeds_config, log, TellingByMessage(Broker(broker_config))):
        database()[READINGS].insert_one({"sensorId": "no uuid", "time": 1})
        sent(client, 7, time=2)
        wait_until(lambda: alerts_on(broker_config), "the other is told")

    assert times(alerts_on(broker_config)) == [2]
