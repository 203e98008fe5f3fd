"""Waking the workers of a process at once, by one change stream over all messages of a database.

The stream says that there is more and nothing else: what is read comes by index from the position. So it may break,
miss or repeat anything; it then starts anew, without a token, and wakes everybody. A poll bounds what was lost.
"""

import os
import threading

from pymongo.errors import PyMongoError

from cqrs.broker.mongodb import Document
from cqrs.broker.store import MESSAGES_PREFIX, Store, messages_of
from cqrs.retry import RetryPolicy

BACK_OFF = RetryPolicy(max_attempts=0, base=0.1, cap=2.0)
# How long the stream's thread may take to notice that it should end.
AWAIT_MS = 200
STOP_SECONDS = 1.0
INSERTS: list[Document] = [
    {"$match": {"operationType": "insert", "ns.coll": {"$regex": "^" + MESSAGES_PREFIX.replace(".", "\\.")}}},
    {"$project": {"ns.coll": 1, "documentKey": 1}},
]

Place = tuple[str, int]


class Wakeup:
    """The stream of one database, with the signals that it sets. Made and shared by `wake`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._signals: dict[Place, set[threading.Event]] = {}
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-wakeup", daemon=True)
        self._failures = 0

    def add(self, place: Place, signal: threading.Event) -> None:
        with self._changing:
            self._signals[place] = self._signals.get(place, set()) | {signal}
        if not self._thread.is_alive():
            self._thread.start()

    def remove(self, place: Place, signal: threading.Event) -> bool:
        """Set the signal no more; say whether nobody is left."""
        with self._changing:
            left = self._signals.pop(place, set()) - {signal}
            if left:
                self._signals[place] = left
            return not self._signals

    def stop(self) -> None:
        """End the stream; returns when its thread is gone, or is waiting for a store that does not answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except PyMongoError as error:
                self._note_broken(error)
                self._stopping.wait(BACK_OFF.delay(self._failures))

    def _follow(self) -> None:
        """Set signals until the stream ends: it does where the database is dropped."""
        with self._store.database.watch(INSERTS, max_await_time_ms=AWAIT_MS, batch_size=1000) as stream:
            self._note_working()
            # What came while there was no stream.
            self._wake_all()
            while stream.alive and not self._stopping.is_set():
                change = stream.try_next()
                if change is not None:
                    self._wake(change)

    def _wake(self, change: Document) -> None:
        match change:
            # Whatever else somebody puts into the collection is no message.
            case {"ns": {"coll": str(name)}, "documentKey": {"_id": {"partition": int(partition)}}}:
                for signal in self._signals.get((name, partition), ()):
                    signal.set()

    def _wake_all(self) -> None:
        with self._changing:
            signals = [signal for some in self._signals.values() for signal in some]
        for signal in signals:
            signal.set()

    def _note_broken(self, error: PyMongoError) -> None:
        self._failures += 1
        if self._failures == 1:
            self._store.log.warning(
                "wake-up stream broken, polling meanwhile", extra={"error_type": type(error).__name__}
            )

    def _note_working(self) -> None:
        if self._failures:
            self._failures = 0
            self._store.log.info("wake-up stream works again")


Key = tuple[int, int, str]

_wakeups: dict[Key, Wakeup] = {}
_sharing = threading.Lock()


def wake(store: Store, topic: str, partition: int, signal: threading.Event) -> None:
    """Set the signal, from now on, soon after a message has come into the partition, and sometimes for nothing."""
    with _sharing:
        key = _key(store)
        if key not in _wakeups:
            _wakeups[key] = Wakeup(store)
        _wakeups[key].add((messages_of(topic), partition), signal)


def let_sleep(store: Store, topic: str, partition: int, signal: threading.Event) -> None:
    """Set the signal no more. The last one of a database ends its stream."""
    with _sharing:
        wakeup = _wakeups.get(_key(store))
        if wakeup is None or not wakeup.remove((messages_of(topic), partition), signal):
            return
        del _wakeups[_key(store)]
    wakeup.stop()


def _key(store: Store) -> Key:
    return os.getpid(), id(store.client), store.database.name
