"""Locks in PostgreSQL, with which a test holds requests in the middle of their work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cqrs_project import postgres
from tests.users_command.stored import rows

WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@contextmanager
def holding(statement: str, *parameters: Any) -> Iterator[None]:
    """Hold the locks that a statement takes until the end of the block, on a connection of its own."""
    with postgres.connect() as other, other.transaction():
        # The server would end whoever holds them for fifteen seconds.
        other.execute("set local idle_in_transaction_session_timeout = 0")
        other.execute(statement, parameters)
        yield


def waiting() -> int:
    """How many connections wait for a lock."""
    return int(rows(WAITING)[0][0])
