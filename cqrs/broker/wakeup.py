"""Waking the workers of a process at once, by one change stream over all messages of a database.

The stream says that there is more and nothing else: what is read comes by index from the position. So it may break,
miss or repeat anything; it then starts anew, without a token, and wakes everybody. A poll bounds what was lost.
"""

import threading

from pymongo.errors import PyMongoError

from cqrs.broker.mongodb import Document
from cqrs.broker.one_stream import AWAIT_MS, SharedStream, SharedStreams
from cqrs.broker.store import MESSAGES_PREFIX, Store, messages_of

STOP_SECONDS = 1.0
INSERTS: list[Document] = [
    {"$match": {"operationType": "insert", "ns.coll": {"$regex": "^" + MESSAGES_PREFIX.replace(".", "\\.")}}},
    {"$project": {"ns.coll": 1, "documentKey": 1}},
]

Place = tuple[str, int]
Hearer = tuple[Place, threading.Event]


class Wakeup(SharedStream[Hearer]):
    """The stream of one database, with the signals that it sets. Made and shared by `wake`."""

    def __init__(self, store: Store) -> None:
        super().__init__("broker-wakeup", stop_seconds=STOP_SECONDS)
        self._store = store
        self._signals: dict[Place, set[threading.Event]] = {}
        self._changing = threading.Lock()

    def take_on(self, hearer: Hearer) -> None:
        """Set the signal soon after a message has come into the place."""
        place, signal = hearer
        with self._changing:
            self._signals[place] = self._signals.get(place, set()) | {signal}

    def let_go(self, hearer: Hearer) -> bool:
        """Set the signal no more; say whether nobody is left."""
        place, signal = hearer
        with self._changing:
            left = self._signals.pop(place, set()) - {signal}
            if left:
                self._signals[place] = left
            return not self._signals

    def follow(self) -> None:
        """Set signals until the stream ends: it does where the database is dropped."""
        with self._store.database.watch(INSERTS, max_await_time_ms=AWAIT_MS, batch_size=1000) as stream:
            self.note_working()
            # What came while there was no stream.
            self._wake_all()
            while stream.alive and not self.is_stopping:
                change = stream.try_next()
                if change is not None:
                    self._wake(change)

    def note_broken(self, error: Exception, *, is_first: bool) -> None:
        """Say so once: workers poll meanwhile."""
        if not is_first:
            return
        if not isinstance(error, PyMongoError):
            self._store.log.error("wake-up stream failed", exc_info=error)
        fields = {"error_type": type(error).__name__}
        self._store.log.warning("wake-up stream broken, polling meanwhile", extra=fields)

    def note_mended(self) -> None:
        """Say so."""
        self._store.log.info("wake-up stream works again")

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


_wakeups: SharedStreams[Hearer] = SharedStreams()


def wake(store: Store, topic: str, partition: int, signal: threading.Event) -> None:
    """Set the signal, from now on, soon after a message has come into the partition, and sometimes for nothing."""
    _wakeups.join(store.database, ((messages_of(topic), partition), signal), lambda: Wakeup(store))


def let_sleep(store: Store, topic: str, partition: int, signal: threading.Event) -> None:
    """Set the signal no more. The last one of a database ends its stream."""
    _wakeups.leave(store.database, ((messages_of(topic), partition), signal))
