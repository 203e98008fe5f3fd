"""Every alert reaches the provider, in order for its sensor, whatever the provider does meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from cqrs.changefeed import ChangeFeeds, FeedsConfig, Timing, define_feeds
from cqrs.testing.waiting import wait_until
from services.notifications.alert_outbox import AlertOutbox
from services.notifications.delivering import MOST_ATTEMPTS, Delivering
from services.notifications.provider import Provider, ProviderSettings
from tests.services.notifications.alerting import OTHER, SENSOR, deliveries, listed, typed
from tests.services.notifications.provider_server import Answering, Got, ProviderServer, provider_server
from users_query.mongodb import database

QUICK = Timing(heartbeat=0.1, session_timeout=1.5)
SENT = {"state": "sent", "attempts": 0, "lastError": None}


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as server:
        yield server


@pytest.fixture
def feeds_config() -> Iterator[FeedsConfig]:
    config = define_feeds(mongo_uri=settings.ENVIRONMENT.mongodb_uri, database=f"feeds_test_{uuid4().hex[:12]}")
    yield config
    database().client.drop_database(config.database)


@contextmanager
def delivering(config: FeedsConfig, outbox: AlertOutbox, server: ProviderServer) -> Iterator[ChangeFeeds]:
    """A worker that delivers until the block ends."""
    provider = Provider(ProviderSettings(url=server.url, key=None, networks=(ip_network("127.0.0.0/8"),), seconds=3.0))
    with ChangeFeeds(config) as feeds:
        feeds.start(Delivering(outbox, provider).feed(), timing=QUICK)
        yield feeds
    provider.close()


def keep(outbox: AlertOutbox, times: range, *sensors: str) -> None:
    for time in times:
        for sensor in sensors or (SENSOR,):
            outbox.keep(typed(time=time, sensor=sensor))


def moments(server: ProviderServer, sensor: str = SENSOR) -> list[int]:
    """The times of the readings that the provider has taken, in its order; below a second."""
    return [int(text.rpartition(".")[2].removesuffix("Z")) for text in server.texts_of(sensor)]


def wait_until_all_are(state: str, client: Client) -> None:
    wait_until(lambda: {found["state"] for found in deliveries(client)} == {state}, f"all are {state}")


def test_an_alert_is_told_once_and_noted_as_sent(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    with delivering(feeds_config, outbox, server):
        keep(outbox, range(1))
        wait_until_all_are("sent", client)

    (alert,) = listed(client)["items"]
    assert [got.id for got in server.got] == [alert["id"]]
    assert alert["delivery"] == SENT
    assert alert["updatedAt"] >= alert["createdAt"]


def test_what_was_kept_while_no_worker_ran_is_told_later_in_order(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    keep(outbox, range(5), SENSOR, OTHER)
    with delivering(feeds_config, outbox, server):
        wait_until_all_are("sent", client)
    keep(outbox, range(5, 10), SENSOR, OTHER)
    with delivering(feeds_config, outbox, server):
        wait_until_all_are("sent", client)

    assert moments(server, SENSOR) == moments(server, OTHER) == list(range(10))


def test_two_workers_tell_each_once(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    with delivering(feeds_config, outbox, server), delivering(feeds_config, outbox, server):
        keep(outbox, range(30), SENSOR, OTHER)
        wait_until_all_are("sent", client)

    assert moments(server, SENSOR) == moments(server, OTHER) == list(range(30))
    assert len(server.got) == 60


@pytest.mark.parametrize(
    "outage", [Answering(500), Answering(429, {"Retry-After": "1"}), Answering(hang=True), Answering(close=True)]
)
def test_an_outage_of_the_provider_delays_and_loses_nothing(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig, outage: Answering
) -> None:
    server.answering = lambda _: outage
    with delivering(feeds_config, outbox, server):
        keep(outbox, range(5), SENSOR, OTHER)
        wait_until(lambda: any(one["lastError"] for one in deliveries(client)), "the outage is noted")
        during = deliveries(client)
        server.answering = lambda _: Answering()
        wait_until_all_are("sent", client)

    assert {(one["state"], one["attempts"]) for one in during} == {("pending", 0)}
    assert moments(server, SENSOR) == moments(server, OTHER) == list(range(5))
    assert deliveries(client) == [SENT] * 10


def test_what_the_provider_refuses_fails_and_keeps_nobody_else_from_being_told(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    def refuse_the_second(got: Got) -> Answering:
        return Answering(422) if SENSOR in got.text and got.text.endswith("001Z") else Answering()

    server.answering = refuse_the_second
    keep(outbox, range(4))
    with delivering(feeds_config, outbox, server):
        wait_until(lambda: moments(server) == [0, 2, 3], "the others are told")
        wait_until(lambda: deliveries(client)[3] == SENT, "the last is noted")

    refused = [got for got in server.got if got.text.endswith("001Z")]
    assert len(refused) == MOST_ATTEMPTS
    assert len({got.id for got in refused}) == 1
    assert deliveries(client)[1] == {
        "state": "failed",
        "attempts": MOST_ATTEMPTS,
        "lastError": "the provider answered 422",
    }


def test_another_sensor_goes_on_while_one_is_refused(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    server.answering = lambda got: Answering() if OTHER in got.text else Answering(404)
    keep(outbox, range(1), SENSOR)
    with delivering(feeds_config, outbox, server):
        keep(outbox, range(5), OTHER)
        wait_until(lambda: moments(server, OTHER) == list(range(5)), "the other sensor's are told")


def test_a_failed_one_is_told_after_all_when_it_is_retried(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    server.answering = lambda _: Answering(422)
    with delivering(feeds_config, outbox, server):
        keep(outbox, range(1))
        wait_until_all_are("failed", client)
        server.answering = lambda _: Answering()
        (alert,) = listed(client)["items"]
        retried = client.post(f"/alerts/{alert['id']}/retry")
        wait_until_all_are("sent", client)

    assert retried.status_code == 204
    assert {got.id for got in server.got} == {alert["id"]}
    assert moments(server) == [0]


def test_when_the_feed_forgets_everything_nothing_is_told_again(
    client: Client, outbox: AlertOutbox, server: ProviderServer, feeds_config: FeedsConfig
) -> None:
    keep(outbox, range(5))
    with delivering(feeds_config, outbox, server):
        wait_until_all_are("sent", client)
    database().client.drop_database(feeds_config.database)

    with delivering(feeds_config, outbox, server):
        keep(outbox, range(5, 6))
        wait_until_all_are("sent", client)

    assert moments(server) == list(range(6))
