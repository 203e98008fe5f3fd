"""Checks of the stores' addresses. What they raise never repeats an address: it may hold a password."""

from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri


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
