"""What can be wrong with a configuration: each check returns the mistakes that it finds, a sentence each."""

from collections.abc import Collection
from typing import Any

import msgspec

URI_VARIABLE = "MONGODB_BROKER_URI"

# One transaction may touch all partitions of a topic.
MOST_PARTITIONS = 1000
# A TTL index counts whole seconds in 31 bits.
LONGEST_RETENTION_MS = (2**31 - 1) * 1000
LONGEST_NAME = 200
LONGEST_DATABASE = 63
BAD_IN_DATABASE = frozenset('/\\. "$\0')


def not_uri(uri: object) -> list[str]:
    if isinstance(uri, str) and uri.startswith(("mongodb://", "mongodb+srv://")):
        return []
    # Not repeated: it may hold a password.
    return [f"mongo_uri (or {URI_VARIABLE}) must be an address that starts with mongodb:// or mongodb+srv://"]


def not_database(name: object) -> list[str]:
    if (
        isinstance(name, str)
        and 0 < len(name.encode(errors="replace")) <= LONGEST_DATABASE
        and not set(name) & BAD_IN_DATABASE
    ):
        return []
    return [f'database must be 1 to 63 bytes without / \\ . space " $ or NUL, not {name!r}']


def not_name(what: str, name: object) -> list[str]:
    if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable():
        return []
    return [f"{what} must be 1 to {LONGEST_NAME} printable characters, not {name!r}"]


def not_bool(what: str, value: object) -> list[str]:
    return [] if isinstance(value, bool) else [f"{what} must be true or false, not {value!r}"]


def not_one_of(what: str, value: object, allowed: Collection[str]) -> list[str]:
    return [] if value in allowed else [f"{what} must be one of {', '.join(allowed)}, not {value!r}"]


def not_count(what: str, value: object, *, least: int, most: int = 2**31 - 1) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return []
    return [f"{what} must be a whole number from {least} to {most}, not {value!r}"]


def not_partitions(value: object) -> list[str]:
    return not_count("partitions", value, least=1, most=MOST_PARTITIONS)


def not_partition_list(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list | tuple | range) or not value:
        return [f"partitions must be a list of partition numbers or None for all, not {value!r}"]
    mistakes = [m for number in value for m in not_count("partitions", number, least=0, most=MOST_PARTITIONS - 1)]
    return mistakes or ([] if len(set(value)) == len(value) else [f"partitions names one twice: {list(value)!r}"])


def not_retention(value: object) -> list[str]:
    return [] if value is None else not_count("retention_ms", value, least=1, most=LONGEST_RETENTION_MS)


def not_payload(payload: Any) -> list[str]:
    if payload is None:
        return []
    try:
        msgspec.json.schema(payload)
    except (TypeError, RuntimeError) as error:
        return [f"payload must be a type that msgspec can convert to: {error}"]
    return []
