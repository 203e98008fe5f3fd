"""Identifiers that sort by the time of their making (UUID version 7, RFC 9562)."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_uuid7() -> UUID:
    """Return a new identifier; those of one process grow."""
    return uuid7()


def moment_of(identifier: UUID) -> datetime:
    """Return the millisecond that a version 7 identifier carries."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)
