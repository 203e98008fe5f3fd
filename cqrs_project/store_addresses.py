"""Checks of the stores' addresses. What they raise never repeats an address: it may hold a password."""

from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from cqrs.publishers.jetstream.settings import REPLICAS, StreamSettings, mistakes_of_client_id, mistakes_of_stream

ANY_SUBJECT = "any"


def postgresql_url(value: str) -> str:
    """Return an address that libpq understands and that names a database. Raises ValueError."""
    refused = ValueError("must be a URL such as postgresql://user:password@host:5432/database")
    try:
        parameters = conninfo_to_dict(value)
        port = urlsplit(value).port
    except (ProgrammingError, ValueError):
        raise refused from None
    if not value.startswith(("postgresql://", "postgres://")) or port == 0 or not parameters.get("dbname"):
        raise refused
    if "client_encoding" in parameters:
        raise ValueError("must not set client_encoding, which is UTF8 whatever it says")
    return value


def mongodb_uri(value: str) -> str:
    """Return an address that the driver understands. Raises ValueError.

    The hosts behind `mongodb+srv://` are looked up when they are needed, not here.
    """
    refused = ValueError("must be a URI such as mongodb://user:password@host:27017/?replicaSet=rs0")
    try:
        if value.startswith("mongodb+srv://") and urlsplit(value).hostname:
            return value
        parse_uri(value, warn=True)
    except (PyMongoError, ValueError):
        raise refused from None
    return value


def nats_url(value: str) -> str:
    """Return one or several addresses of NATS, separated by commas. Raises ValueError."""
    refused = ValueError("must be a URL such as nats://host:4222")
    for address in value.split(","):
        try:
            parts = urlsplit(address.strip())
            known = parts.scheme in {"nats", "tls"} and parts.hostname and parts.port != 0
        except ValueError:
            raise refused from None
        if not known:
            raise refused
    return value


def nats_cluster_id(value: str) -> str:
    """Return the name of a stream. Raises ValueError."""
    if any(mistakes_of_stream(StreamSettings(name=value, subjects=(ANY_SUBJECT,)))):
        raise ValueError(f"must be 1 to 64 letters, digits, - or _, not {value!r}")
    return value


def nats_client_id(value: str) -> str:
    """Return the name of a process. Raises ValueError."""
    if any(mistakes_of_client_id(value)):
        raise ValueError(f"must be 1 to 253 letters, digits or .-_:@, not {value!r}")
    return value


def nats_replicas(value: str) -> int:
    """Return how many servers keep the stream. Raises ValueError."""
    if value not in {str(number) for number in REPLICAS}:
        raise ValueError(f"must be 1, 3 or 5, not {value!r}")
    return int(value)
