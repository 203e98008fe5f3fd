"""The settings that come from outside: read once from the environment, checked at start, mistakes reported together."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from cqrs.delivery.window import Windowing
from cqrs.publishers.jetstream.settings import DEFAULT_CLUSTER_ID, default_client_id
from cqrs.webhooks.client import WebhookSettings
from cqrs_project.service_settings import (
    SERVICES,
    DeliverySettings,
    SensorSettings,
    derived_jwt_key,
    disordered,
    finite_number,
    http_url,
    jwt_key,
    networks,
    operator_token,
    thresholds,
    webhook_key,
)
from cqrs_project.store_addresses import (
    mongodb_uri,
    nats_client_id,
    nats_cluster_id,
    nats_replicas,
    nats_url,
    postgresql_url,
)

T = TypeVar("T")

# MongoDB takes no longer name for a database.
MAX_NAME = 63
# A provider elsewhere has to be allowed by name, so that no setting alone leads into the network around.
LOOPBACK = "127.0.0.0/8,::1/128"


class InvalidEnvironment(Exception):
    """One or more environment variables are missing or malformed; `mistakes` holds a line for each."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(f"setting {mistake}" for mistake in mistakes))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Everything that differs between two installations.

    `service` is the one that the process serves alone, None for the whole application, which alone has PostgreSQL:
    `database_url` is None for a service.
    """

    service: str | None
    database_url: str | None
    mongodb_uri: str
    mongodb_database: str
    mongodb_broker_database: str
    nats_url: str | None
    nats_cluster_id: str
    nats_client_id: str
    nats_replicas: int
    app_id: str
    secret_key: str
    debug: bool
    allowed_hosts: tuple[str, ...]
    log_format: str
    log_level: str
    metrics_port: int | None
    postgres_pool_size: int
    web_threads: int
    web_processor: int | None
    change_feeds_database: str
    sensors: SensorSettings
    jwt_key: str
    jwt_seconds: int
    operators: WebhookSettings | None
    operator_token: str
    delivery: DeliverySettings


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Return the checked settings.

    Raises InvalidEnvironment naming every mistake, not only the first.
    """
    reader = _Reader(os.environ if variables is None else variables)
    debug = reader.read("DEBUG", _flag, default="0")
    environment = Environment(
        service=reader.read("SERVICE", _optional(_one_of(*SERVICES)), default=""),
        # No service uses it.
        database_url=None if reader.has("SERVICE") else reader.read("DATABASE_URL", postgresql_url),
        mongodb_uri=reader.read("MONGODB_URI", mongodb_uri),
        mongodb_database=reader.read("MONGODB_DATABASE", _name, default="cqrs"),
        mongodb_broker_database=reader.read("MONGODB_BROKER_DATABASE", _name, default="change-stream-broker"),
        nats_url=reader.read("NATS_URL", _optional(nats_url), default=""),
        nats_cluster_id=reader.read("NATS_CLUSTER_ID", nats_cluster_id, default=DEFAULT_CLUSTER_ID),
        # Of the process that speaks to NATS: it is read by each of them.
        nats_client_id=reader.read("NATS_CLIENT_ID", nats_client_id, default=default_client_id()),
        nats_replicas=reader.read("NATS_REPLICAS", nats_replicas, default="1"),
        app_id=reader.read("APPID", _name, default="STANDALONE"),
        secret_key=reader.read("SECRET_KEY", _text, default="only-for-debugging" if debug else None),
        debug=debug,
        allowed_hosts=reader.read("ALLOWED_HOSTS", _list, default="localhost,127.0.0.1,[::1]"),
        log_format=reader.read("LOG_FORMAT", _one_of("json", "console"), default="json"),
        log_level=reader.read("LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
        metrics_port=reader.read("METRICS_PORT", _optional(_integer(1, 65_535)), default=""),
        postgres_pool_size=reader.read("POSTGRES_POOL_SIZE", _integer(1, 100), default="6"),
        # Of two, one may wait for a projection and one is left to answer.
        web_threads=reader.read("WEB_THREADS", _integer(2, 256), default="24"),
        # For replicas that share a machine: each stays on a processor, counted from zero.
        web_processor=reader.read("WEB_PROCESSOR", _optional(_integer(0, 4095)), default=""),
        change_feeds_database=reader.read("CHANGE_FEEDS_DATABASE", _name, default="change-feeds"),
        sensors=_sensors(reader),
        jwt_key=reader.read("JWT_KEY", jwt_key, default="") or derived_jwt_key(reader.get("SECRET_KEY")),
        jwt_seconds=reader.read("JWT_SECONDS", _integer(60, 30 * 24 * 60 * 60), default="3600"),
        operators=_operators(reader),
        operator_token=reader.read("OPERATOR_TOKEN", operator_token, default=""),
        delivery=_delivery(reader),
    )
    return reader.checked(environment)


class _Reader:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.mistakes: list[str] = []

    def get(self, name: str) -> str:
        return self._variables.get(name, "")

    def has(self, name: str) -> bool:
        return bool(self.get(name))

    def checked(self, environment: Environment) -> Environment:
        if self.mistakes:
            raise InvalidEnvironment(self.mistakes)
        return environment

    # What stands in for a mistake is never used: the caller raises once all are collected.
    def read(self, name: str, parse: Callable[[str], T], default: str | None = None) -> T:
        text = self._variables.get(name, default)
        if text is None:
            self.mistakes.append(f"{name} is not set")
            return cast(T, None)
        try:
            return parse(text)
        except ValueError as error:
            self.mistakes.append(f"{name} {error}")
            return cast(T, None)


def _delivery(reader: "_Reader") -> DeliverySettings:
    """Whether and how deliveries are counted."""
    size = reader.read("DELIVERY_WINDOW_SECONDS", _integer(1, 3600), default="10")
    grace = reader.read("DELIVERY_GRACE_SECONDS", _integer(0, 3600), default="5")
    return DeliverySettings(
        tracking=reader.read("DELIVERY_TRACKING", _flag, default="1"),
        nats=reader.read("DELIVERY_TRACKING_NATS", _flag, default="0"),
        # In place of what is missing for a mistake, which the caller raises.
        windowing=Windowing(size=1000 * (size or 1), grace=1000 * (grace or 0)),
        thresholds=reader.read("DELIVERY_THRESHOLDS", thresholds, default=""),
    )


def _operators(reader: "_Reader") -> WebhookSettings | None:
    """Who is told of what a human has to look after; None where nobody is."""
    url = reader.read("OPERATOR_WEBHOOK_URL", _optional(http_url), default="")
    key = reader.read("OPERATOR_WEBHOOK_SECRET", _optional(webhook_key), default="")
    allowed = reader.read("OPERATOR_WEBHOOK_NETWORKS", networks, default=LOOPBACK)
    return None if url is None else WebhookSettings(url=url, key=key, networks=allowed)


def _sensors(reader: _Reader) -> SensorSettings:
    read = SensorSettings(
        since=reader.read("SENSOR_DATA_SINCE", finite_number, default="5"),
        until=reader.read("SENSOR_DATA_UNTIL", finite_number, default="6"),
        alert_url=reader.read("SENSOR_DATA_ALERT_URL", _optional(http_url), default=""),
        provider_url=reader.read("EXT_ALERT_PROVIDER_URL", _optional(http_url), default=""),
        provider_key=reader.read("EXT_ALERT_PROVIDER_SECRET", _optional(webhook_key), default=""),
        provider_networks=reader.read("EXT_ALERT_PROVIDER_NETWORKS", networks, default=LOOPBACK),
    )
    reader.mistakes += disordered(read.since, read.until)
    return read


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _name(value: str) -> str:
    if not 1 <= len(value) <= MAX_NAME or not value.isprintable() or set(value) & set(' /\\."$*<>:|?'):
        raise ValueError(f'must be 1 to {MAX_NAME} characters without spaces or any of /\\."$*<>:|?, not {value!r}')
    return value


def _flag(value: str) -> bool:
    if value not in {"0", "1"}:
        raise ValueError(f"must be 0 or 1, not {value!r}")
    return value == "1"


def _list(value: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in value.split(",") if item.strip())
    if not items:
        raise ValueError("must name at least one, separated by commas")
    return items


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {value!r}")
        return value

    return parse


def _integer(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return parse


def _optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda value: parse(value) if value else None
