"""A change stream that a process has once for each database, and follows in a thread while somebody hears it."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pymongo.database import Database

from cqrs.retry import RetryPolicy

BACK_OFF = RetryPolicy(max_attempts=0, base=0.1, cap=2.0)
# How long the thread may take to notice that it should end, or do something else.
AWAIT_MS = 200

H = TypeVar("H")
Key = tuple[int, int, str]


class SharedStream(ABC, Generic[H]):
    """Followed from its first hearer on; after an error it begins anew, each time a little later."""

    def __init__(self, name: str, *, stop_seconds: float) -> None:
        self._stop_seconds = stop_seconds
        self._stopping = threading.Event()
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @abstractmethod
    def take_on(self, hearer: H) -> None:
        """Have the hearer told from now on."""

    @abstractmethod
    def let_go(self, hearer: H) -> bool:
        """Tell the hearer no more; say whether nobody is left."""

    @abstractmethod
    def follow(self) -> None:
        """Tell the hearers until `is_stopping`, or until the stream ends; call `note_working` once it is open."""

    @abstractmethod
    def note_broken(self, error: Exception, *, is_first: bool) -> None:
        """Take note of an error of `follow`, the first since it worked or another one; it is called again soon."""

    @abstractmethod
    def note_mended(self) -> None:
        """Take note that it works again."""

    @property
    def is_stopping(self) -> bool:
        """Whether the thread should end."""
        return self._stopping.is_set()

    def note_working(self) -> None:
        """Begin to count errors anew."""
        if self._failures:
            self._failures = 0
            self.note_mended()

    def begin(self) -> None:
        """Start the thread, unless it runs."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self) -> None:
        """End the stream; returns when its thread is gone, or is waiting for a store that does not answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._stop_seconds)

    def _run(self) -> None:
        while not self.is_stopping:
            try:
                self.follow()
            except Exception as error:  # noqa: BLE001 - ending the thread would leave all deaf while the process lives
                self._failures += 1
                self.note_broken(error, is_first=self._failures == 1)
                self._stopping.wait(BACK_OFF.delay(self._failures))


class SharedStreams(Generic[H]):
    """The streams of one kind in this process, by database."""

    def __init__(self) -> None:
        self._streams: dict[Key, SharedStream[H]] = {}
        self._locks: dict[int, threading.Lock] = {}

    def join(self, database: Database[Any], hearer: H, new: Callable[[], SharedStream[H]]) -> None:
        """Have the hearer told by the database's stream; its first one makes it by `new`, and begins it."""
        with self._sharing:
            key = _key(database)
            if key not in self._streams:
                self._streams[key] = new()
            self._streams[key].take_on(hearer)
            self._streams[key].begin()

    def leave(self, database: Database[Any], hearer: H) -> None:
        """Have the hearer told nothing more. The last one of a database ends its stream."""
        with self._sharing:
            stream = self._streams.get(_key(database))
            if stream is None or not stream.let_go(hearer):
                return
            del self._streams[_key(database)]
        stream.stop()

    @property
    def _sharing(self) -> threading.Lock:
        # One for each process: at the moment of a fork a thread that stays in the parent may hold the parent's.
        return self._locks.setdefault(os.getpid(), threading.Lock())


def _key(database: Database[Any]) -> Key:
    # A thread and a connection do not survive a fork.
    return os.getpid(), id(database.client), database.name
