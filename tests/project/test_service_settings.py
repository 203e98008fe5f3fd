"""The settings of the services are checked with all others."""

from ipaddress import ip_network

import pytest

from cqrs_project.environment import InvalidEnvironment, read_environment
from cqrs_project.service_settings import SERVICES
from cqrs_project.services import SERVICES as PUT_TOGETHER
from tests.architecture.sources import ROOT
from tests.project.test_environment import GOOD, mistakes


def test_without_settings_five_to_six_is_valid_and_there_is_no_provider() -> None:
    environment = read_environment(GOOD)

    assert (environment.sensors.since, environment.sensors.until) == (5, 6)
    assert (environment.sensors.alert_url, environment.sensors.provider_url) == (None, None)
    assert environment.sensors.provider_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(("since", "until"), [("-1.5", "1e3"), ("0", "0"), ("5", "5.0"), ("-1e308", "1e308")])
def test_a_range_is_read_as_numbers(since: str, until: str) -> None:
    environment = read_environment({**GOOD, "SENSOR_DATA_SINCE": since, "SENSOR_DATA_UNTIL": until})

    assert (environment.sensors.since, environment.sensors.until) == (float(since), float(until))


@pytest.mark.parametrize(
    "value", ["", " ", "five", "nan", "inf", "-Infinity", "1e999", "1_0", " 5", "0x5", "\u0665", "5,5"]
)
def test_no_end_of_a_range(value: str) -> None:
    assert mistakes(SENSOR_DATA_SINCE=value) == [f"SENSOR_DATA_SINCE must be a finite number, not {value!r}"]


def test_a_range_is_in_order() -> None:
    assert mistakes(SENSOR_DATA_SINCE="6.1") == ["SENSOR_DATA_SINCE must not be above SENSOR_DATA_UNTIL"]


def test_mistakes_of_a_range_are_told_with_all_others() -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        read_environment({"SENSOR_DATA_SINCE": "7", "DEBUG": "maybe"})

    assert {line.split(" ")[0] for line in refused.value.mistakes} == {
        "SENSOR_DATA_SINCE",
        "DEBUG",
        "DATABASE_URL",
        "MONGODB_URI",
        "SECRET_KEY",
    }


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:3002/notify?by=sms", "https://[2001:db8::1]/", "https://example.org"]
)
def test_an_address_of_the_provider(url: str) -> None:
    assert read_environment({**GOOD, "EXT_ALERT_PROVIDER_URL": url}).sensors.provider_url == url


@pytest.mark.parametrize(
    "url",
    [
        "secret",
        "//secret/",
        "http://",
        "ftp://secret/",
        "http://secret@host/",
        "http://h:0/",
        "http://h:x/",
        "http://h/ x",
    ],
)
def test_no_address_of_the_provider(url: str) -> None:
    assert mistakes(EXT_ALERT_PROVIDER_URL=url) == [
        "EXT_ALERT_PROVIDER_URL must be a URL such as https://host/path, without a user"
    ]


def test_networks_are_a_list() -> None:
    environment = read_environment({**GOOD, "EXT_ALERT_PROVIDER_NETWORKS": "203.0.113.0/24, 2001:db8::/32"})

    assert environment.sensors.provider_networks == (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize("value", ["", ",", "localhost", "10.0.0.1/8", "10.0.0.0/33"])
def test_no_networks(value: str) -> None:
    assert mistakes(EXT_ALERT_PROVIDER_NETWORKS=value) == [
        "EXT_ALERT_PROVIDER_NETWORKS must be networks such as 203.0.113.0/24, separated by commas"
    ]


def test_a_signing_secret_is_never_repeated() -> None:
    assert mistakes(EXT_ALERT_PROVIDER_SECRET="whsec_secret") == [
        "EXT_ALERT_PROVIDER_SECRET must be whsec_ and 24 to 64 bytes in base64"
    ]


def test_without_a_name_all_services_are_served() -> None:
    assert read_environment(GOOD).service is None
    assert read_environment({**GOOD, "SERVICE": ""}).service is None


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_alone_needs_no_postgresql(name: str) -> None:
    environment = read_environment({"SERVICE": name, "MONGODB_URI": GOOD["MONGODB_URI"], "SECRET_KEY": "key"})

    assert (environment.service, environment.database_url) == (name, None)


def test_every_service_can_be_alone() -> None:
    folders = {path.parent.name for path in (ROOT / "services").glob("*/urls.py")}

    assert set(SERVICES) == folders == set(PUT_TOGETHER)


@pytest.mark.parametrize("name", ["sensor-data", "SENSOR_DATA", "users", " "])
def test_an_unknown_service_is_one_mistake_among_all_others(name: str) -> None:
    with pytest.raises(InvalidEnvironment) as refused:
        read_environment({"SERVICE": name, "DEBUG": "maybe"})

    known = "alert_provider, classroom, delivery, notifications, orders, purchases, sensor_data, tickets"
    assert refused.value.mistakes == [
        "DEBUG must be 0 or 1, not 'maybe'",
        f"SERVICE must be one of {known}, not {name!r}",
        "MONGODB_URI is not set",
        "SECRET_KEY is not set",
    ]


def test_deliveries_are_tracked_in_windows_of_ten_seconds() -> None:
    delivery = read_environment(GOOD).delivery

    assert (delivery.tracking, delivery.windowing.size, delivery.windowing.grace) == (True, 10_000, 5_000)
    assert delivery.thresholds.of("orders") == 1.0


def test_tracking_can_be_switched_off() -> None:
    assert not read_environment({**GOOD, "DELIVERY_TRACKING": "0"}).delivery.tracking


def test_deliveries_by_nats_are_tracked_where_that_is_asked_for() -> None:
    assert not read_environment(GOOD).delivery.nats
    assert read_environment({**GOOD, "DELIVERY_TRACKING_NATS": "1"}).delivery.nats


def test_thresholds_of_rates() -> None:
    delivery = read_environment({**GOOD, "DELIVERY_THRESHOLDS": "0.99, orders=0.5,a=b=0"}).delivery

    assert [delivery.thresholds.of(topic) for topic in ("orders", "others", "a=b")] == [0.5, 0.99, 0.0]


@pytest.mark.parametrize("value", ["1.1", "-0.1", "orders=", "orders=x", "=1", "orders"])
def test_no_thresholds(value: str) -> None:
    (mistake,) = mistakes(DELIVERY_THRESHOLDS=value)

    assert mistake.startswith("DELIVERY_THRESHOLDS must be ")
