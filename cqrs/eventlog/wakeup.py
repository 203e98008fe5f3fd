"""Waking subscriptions at once, without a NOTIFY in the business transaction.

PostgreSQL serialises the commits of transactions that notify. So the hint goes out after the commit, from a thread and
a connection of its own, and is allowed to get lost: subscriptions also look by themselves every half second.
"""

import logging
import threading
from collections.abc import Callable

import psycopg
from django.db import connection

from cqrs.errors import Unavailable
from cqrs.eventlog.database import STORE

logger = logging.getLogger(__name__)

CHANNEL = "cqrs_event"
NOTIFY = f"notify {CHANNEL}"
# A NOTIFY is a transaction of its own. It may get lost, so its commit need not wait for the disk.
WITHOUT_DISK = "set synchronous_commit = off"
LISTEN = f"listen {CHANNEL}"
# The first hint after a pause goes out at once. Under load the subscription is at work anyway.
LEAST_PAUSE = 0.02

Connect = Callable[[], psycopg.Connection]


class Hinter:
    """Sends hints from a daemon thread; any number of calls within twenty milliseconds become one NOTIFY."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: psycopg.Connection | None = None

    def hint(self) -> None:
        """Say that there is something to read. Never blocks; a no-op once closed."""
        # Not alive also after a fork: threads stay behind in the parent.
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._wanted.set()

    def close(self) -> None:
        """End the thread and give back its connection; returns when both are gone."""
        with self._starting:
            self._closing.set()
            self._wanted.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._closing.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            thread = threading.Thread(target=self._send_until_closed, name="cqrs-hinter", daemon=True)
            thread.start()
            self._thread = thread

    def _send_until_closed(self) -> None:
        while not self._closing.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if not self._closing.is_set():
                self._send()
                self._closing.wait(LEAST_PAUSE)
        self._disconnect()

    def _send(self) -> None:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
                self._connection.execute(WITHOUT_DISK)
            self._connection.execute(NOTIFY)
        except psycopg.Error:
            logger.debug("hint lost", exc_info=True)
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Listener:
    """Waits for hints on a connection of its own."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: psycopg.Connection | None = None

    def wait(self, seconds: float) -> None:
        """Return at the first hint since the last call, after `seconds` at the latest. Raises Unavailable.

        The first call returns at once: whatever came before it was listening must be looked for.
        """
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._connect()
                self._connection.execute(LISTEN)
                return
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error as error:
            self.close()
            raise Unavailable(STORE) from error

    def close(self) -> None:
        """Give back the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_hinter: Hinter | None = None


def send_hints_through(connect: Connect) -> None:
    """Set, at start, how this process reaches the database for its hints; a former way is closed."""
    global _hinter  # noqa: PLW0603 - one hinter a process, set by the composition root
    close()
    _hinter = Hinter(connect)


def notify() -> None:
    """Wake the subscriptions now, on the caller's own connection: for commands, which end before a thread could."""
    with connection.cursor() as cursor:
        cursor.execute(NOTIFY)


def hint() -> None:
    """Wake the subscriptions of all processes soon; without a configured hinter they find out by themselves."""
    if _hinter is not None:
        _hinter.hint()


def close() -> None:
    """Stop hinting and give back the connection, so that nothing stands in the way of dropping the database."""
    global _hinter  # noqa: PLW0603
    if _hinter is not None:
        _hinter.close()
        _hinter = None
