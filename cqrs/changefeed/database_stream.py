"""The one change stream of a database in this process, which every feed of that database hears.

Its thread only takes events and puts them into bounded inboxes: it waits for no feed. An inbox that is full is cut off,
and its feed catches up on a stream of its own.
"""

import logging
import os
import threading

from pymongo.database import Database

from cqrs.broker.mongodb import Document
from cqrs.changefeed.change import Event, Operation
from cqrs.changefeed.errors import HistoryLost
from cqrs.changefeed.inbox import Inbox
from cqrs.changefeed.observing import Happening, Observer, tell
from cqrs.changefeed.stream import Stream
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy

logger = logging.getLogger(__name__)

BACK_OFF = RetryPolicy(max_attempts=0, base=0.1, cap=2.0)
# How long its thread may take to notice that another feed has come, or that it should end.
AWAIT_MS = 200
STOP_SECONDS = 2.0


class DatabaseStream:
    """Made and shared by `join`; `leave` ends it with its last inbox."""

    def __init__(self, database: Database[Document], observer: Observer | None) -> None:
        self._database = database
        self._observer = observer
        self._inboxes: list[Inbox] = []
        self._changing = threading.Lock()
        self._stopping = threading.Event()
        self._failures = 0
        # Everything before it has been offered; None before the first stream.
        self._token: str | None = None
        # What the open stream delivers.
        self._delivers: dict[str, frozenset[Operation]] = {}
        self._thread = threading.Thread(target=self._run, name=f"changefeed-stream-{database.name}", daemon=True)

    def add(self, inbox: Inbox) -> None:
        """Deliver to the inbox as soon as the stream has what it wants: see `Inbox.since`."""
        with self._changing:
            self._inboxes.append(inbox)
            self._begin_those_delivered()
        if not self._thread.is_alive():
            self._thread.start()

    def remove(self, inbox: Inbox) -> bool:
        """Deliver to the inbox no more; say whether nobody is left."""
        with self._changing:
            if inbox in self._inboxes:
                self._inboxes.remove(inbox)
            return not self._inboxes

    def stop(self) -> None:
        """End the stream; returns when its thread is gone, or is waiting for a store that does not answer."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except Unavailable as error:
                self._note_broken(error)
            except HistoryLost as error:
                self._note_broken(error)
                self._cut_all()
            except Exception as error:
                # Ending the thread would leave all feeds deaf while the process lives.
                if not self._failures:
                    logger.exception("change stream failed", extra=self._fields())
                self._note_broken(error)
                self._cut_all()

    def _follow(self) -> None:
        """Deliver until the feeds want something else, or the stream is invalidated: the next one goes on behind."""
        wanted = self._wanted()
        with Stream(self._database, wanted, after=self._token, await_ms=AWAIT_MS) as stream:
            self._note_working()
            with self._changing:
                self._delivers = wanted
                self._token = stream.token
                self._begin_those_delivered()
            while stream.is_alive and not self._stopping.is_set() and self._wanted() == wanted:
                self._deliver(stream.next(), stream.token)

    def _deliver(self, event: Event | None, token: str) -> None:
        with self._changing:
            for inbox in self._inboxes:
                if inbox.since is None:
                    continue
                if event is not None:
                    inbox.offer(event)
                inbox.pass_on(token)
            self._token = token
            self._inboxes = [inbox for inbox in self._inboxes if not inbox.is_cut]

    def _begin_those_delivered(self) -> None:
        for inbox in self._inboxes:
            if inbox.since is None and inbox.operations <= self._delivers.get(inbox.collection, frozenset()):
                inbox.since = self._token

    def _wanted(self) -> dict[str, frozenset[Operation]]:
        wanted: dict[str, frozenset[Operation]] = {}
        with self._changing:
            for inbox in self._inboxes:
                wanted[inbox.collection] = wanted.get(inbox.collection, frozenset()) | inbox.operations
        return wanted

    def _cut_all(self) -> None:
        """Nobody can be told what was missed: each feed looks for itself, and the stream starts with what comes."""
        with self._changing:
            inboxes, self._inboxes = self._inboxes, []
            self._delivers = {}
            self._token = None
        for inbox in inboxes:
            inbox.cut()

    def _note_broken(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            reason = type(error).__name__
            logger.warning("change stream broken, reconnecting", extra={**self._fields(), "error_type": reason})
            tell(self._observer, Happening(kind="reconnecting", database=self._database.name, reason=reason))
        self._stopping.wait(BACK_OFF.delay(self._failures))

    def _note_working(self) -> None:
        if self._failures:
            self._failures = 0
            logger.info("change stream works again", extra=self._fields())
            tell(self._observer, Happening(kind="reconnected", database=self._database.name))

    def _fields(self) -> dict[str, object]:
        return {"database": self._database.name}


Key = tuple[int, int, str]

_streams: dict[Key, DatabaseStream] = {}
_sharing = threading.Lock()


def join(database: Database[Document], inbox: Inbox, observer: Observer | None) -> None:
    """Have the database's stream deliver to the inbox; its first feed begins it, with its observer."""
    with _sharing:
        key = _key(database)
        if key not in _streams:
            _streams[key] = DatabaseStream(database, observer)
        _streams[key].add(inbox)


def leave(database: Database[Document], inbox: Inbox) -> None:
    """Have nothing more delivered to the inbox. The last one of a database ends its stream."""
    with _sharing:
        stream = _streams.get(_key(database))
        if stream is None or not stream.remove(inbox):
            return
        del _streams[_key(database)]
    stream.stop()


def _key(database: Database[Document]) -> Key:
    return os.getpid(), id(database.client), database.name
