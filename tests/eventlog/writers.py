"""Transactions that a test interleaves by hand: each writer is a thread with a connection and one open transaction."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections, transaction

from cqrs.eventlog.append import append
from cqrs.eventlog.event_rows import NewEvent

T = TypeVar("T")

SECONDS = 60
BLOCKED = """
select exists (select from pg_stat_activity where pid = %s and wait_event_type = 'Lock')
"""


class Writer:
    """Begins, appends and ends when the test says so; every call returns once it is done in the writer's thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._transaction: transaction.Atomic | None = None
        self.pid = self.do(_backend_pid)

    def begin(self) -> "Writer":
        """Open a transaction that has an id from now on."""
        self.do(self._begin)
        return self

    def append(self, *events: NewEvent) -> "Writer":
        self.do(lambda: append(events))
        return self

    def start_appending(self, *events: NewEvent) -> "Future[None]":
        """Append without waiting for it, where it will have to wait for another writer."""
        return self._thread.submit(lambda: append(events))

    def commit(self) -> None:
        self.do(lambda: self._end(None))

    def rollback(self) -> None:
        self.do(lambda: self._end(_RolledBack()))

    def do(self, call: Callable[[], T]) -> T:
        """Run anything on the writer's connection. What it raises is raised here."""
        return self._thread.submit(call).result(SECONDS)

    def close(self) -> None:
        if self._transaction is not None:
            self.rollback()
        self.do(connections.close_all)
        self._thread.shutdown()

    def _begin(self) -> None:
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        with connection.cursor() as cursor:
            cursor.execute("select pg_current_xact_id()")

    def _end(self, error: Exception | None) -> None:
        atomic, self._transaction = self._transaction, None
        assert atomic is not None
        atomic.__exit__(type(error) if error else None, error, None)


class _RolledBack(Exception):
    """Makes Django roll back."""


def is_blocked(pid: int) -> bool:
    """Say whether a backend waits for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute(BLOCKED, [pid])
        return bool(cursor.fetchone()[0])


def _backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int(cursor.fetchone()[0])
