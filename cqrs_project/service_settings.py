"""The settings of the services, as parts of the environment."""

import math
import re
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import ip_network
from urllib.parse import urlsplit

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.window import Windowing
from cqrs.webhooks.allowed_connection import Network
from cqrs.webhooks.errors import InvalidSecret
from cqrs.webhooks.signature import signing_key
from services.tickets.accounts.token import LEAST_KEY

Networks = tuple[Network, ...]

# Those that can run alone: each is the name of its folder.
SERVICES = ("alert_provider", "classroom", "delivery", "notifications", "orders", "purchases", "sensor_data", "tickets")

# Any whole number of so many digits fits 64 bits.
MAX_DIGITS = 19
MAX_SHOWN = 30
_TOKEN = re.compile(rf"[\x21-\x7e]{{{LEAST_KEY},}}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    """What sensor data and notifications are told: the valid range, where alerts go, and who is told of them.

    `provider_key` is what notifications are signed with; the built-in provider verifies with the same.
    """

    since: float
    until: float
    alert_url: str | None
    provider_url: str | None
    provider_key: bytes | None = field(repr=False)
    provider_networks: Networks


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """What is counted, and how: messages of the broker by `tracking`, those of outboxes and listeners by `nats`."""

    tracking: bool
    nats: bool
    windowing: Windowing
    thresholds: Thresholds


def thresholds(value: str) -> Thresholds:
    """Return the rates below which there is an alarm: one for all topics, or topic=rate. Raises ValueError."""
    of_others, of_topic = 1.0, {}
    for item in filter(None, (item.strip() for item in value.split(","))):
        topic, equals, text = item.rpartition("=")
        rate = finite_number(text)
        if not 0 <= rate <= 1 or bool(topic) != bool(equals):
            raise ValueError(f"must be rates from 0 to 1 such as 0.99 or orders=0.5, not {item[:MAX_SHOWN]!r}")
        if topic:
            of_topic[topic] = float(rate)
        else:
            of_others = float(rate)
    return Thresholds(of_topic=of_topic, of_others=of_others)


def finite_number(value: str) -> float | int:
    """Return a finite number as JSON writes it, a whole one of 64 bits as such. Raises ValueError."""
    if not _NUMBER.fullmatch(value) or not math.isfinite(float(value)):
        raise ValueError(f"must be a finite number, not {value[:MAX_SHOWN]!r}")
    whole = value.lstrip("-").isdigit() and len(value) < MAX_DIGITS
    return int(value) if whole else float(value)


def http_url(value: str) -> str:
    """Return an address that a request can be sent to. What is raised never repeats it: it may hold a token.

    Raises ValueError.
    """
    refused = ValueError("must be a URL such as https://host/path, without a user")
    try:
        parts = urlsplit(value)
        known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        raise refused from None
    if not known or not value.isascii() or not value.isprintable() or " " in value:
        raise refused
    return value


def networks(value: str) -> Networks:
    """Return the networks that a list separated by commas names, such as 203.0.113.0/24. Raises ValueError."""
    try:
        found = tuple(ip_network(item.strip()) for item in value.split(",") if item.strip())
    except ValueError:
        found = ()
    if not found:
        raise ValueError("must be networks such as 203.0.113.0/24, separated by commas")
    return found


def webhook_key(value: str) -> bytes:
    """Return the key of a signing secret. Raises ValueError, which never repeats it."""
    try:
        return signing_key(value)
    except InvalidSecret as error:
        raise ValueError("must be whsec_ and 24 to 64 bytes in base64") from error


def jwt_key(value: str) -> str:
    """Return a key that tokens are signed with; nothing stays nothing. Raises ValueError, which never repeats it."""
    if value and len(value.encode()) < LEAST_KEY:
        raise ValueError(f"must have at least {LEAST_KEY} bytes")
    return value


def operator_token(value: str) -> str:
    """Return a token that a header can carry; nothing stays nothing. Raises ValueError, which never repeats it."""
    if value and not _TOKEN.fullmatch(value):
        raise ValueError(f"must be at least {LEAST_KEY} visible ASCII characters")
    return value


def derived_jwt_key(secret_key: str) -> str:
    """Return the key for tokens where none is set: another one for each SECRET_KEY, which it does not give away."""
    return blake2b(secret_key.encode(), digest_size=32, person=b"tickets.jwt").hexdigest()


def disordered(since: float | None, until: float | None) -> list[str]:
    """Return what is wrong with the ends of the valid range together; each by itself is checked before."""
    if since is None or until is None or since <= until:
        return []
    return ["SENSOR_DATA_SINCE must not be above SENSOR_DATA_UNTIL"]
