"""The one change stream of a database in this process, which every feed of that database hears.

Its thread only takes events and puts them into bounded inboxes: it waits for no feed. An inbox that is full is cut off,
and its feed catches up on a stream of its own.
"""

import logging
import threading

from pymongo.database import Database

from cqrs.broker.mongodb import Document
from cqrs.broker.one_stream import AWAIT_MS, SharedStream, SharedStreams
from cqrs.changefeed.change import Event, Operation
from cqrs.changefeed.errors import HistoryLost
from cqrs.changefeed.inbox import Inbox
from cqrs.changefeed.observing import Happening, Observer, tell
from cqrs.changefeed.stream import Stream
from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

STOP_SECONDS = 2.0


class DatabaseStream(SharedStream[Inbox]):
    """Made and shared by `join`; `leave` ends it with its last inbox."""

    def __init__(self, database: Database[Document], observer: Observer | None) -> None:
        super().__init__(f"changefeed-stream-{database.name}", stop_seconds=STOP_SECONDS)
        self._database = database
        self._observer = observer
        self._inboxes: list[Inbox] = []
        self._changing = threading.Lock()
        # Everything before it has been offered; None before the first stream.
        self._token: str | None = None
        # What the open stream delivers.
        self._delivers: dict[str, frozenset[Operation]] = {}

    def take_on(self, hearer: Inbox) -> None:
        """Deliver to the inbox as soon as the stream has what it wants: see `Inbox.since`."""
        with self._changing:
            self._inboxes.append(hearer)
            self._begin_those_delivered()

    def let_go(self, hearer: Inbox) -> bool:
        """Deliver to the inbox no more; say whether nobody is left."""
        with self._changing:
            if hearer in self._inboxes:
                self._inboxes.remove(hearer)
            return not self._inboxes

    def follow(self) -> None:
        """Deliver until the feeds want something else, or the stream is invalidated: the next one goes on behind."""
        wanted = self._wanted()
        with Stream(self._database, wanted, after=self._token, await_ms=AWAIT_MS) as stream:
            self.note_working()
            with self._changing:
                self._delivers = wanted
                self._token = stream.token
                self._begin_those_delivered()
            while stream.is_alive and not self.is_stopping and self._wanted() == wanted:
                self._deliver(stream.next(), stream.size, stream.token)

    def note_broken(self, error: Exception, *, is_first: bool) -> None:
        """Say so once; where it cannot go on where it was, have each feed look for itself."""
        reason = type(error).__name__
        if is_first:
            if not isinstance(error, Unavailable | HistoryLost):
                logger.error("change stream failed", extra=self._fields(), exc_info=error)
            logger.warning("change stream broken, reconnecting", extra={**self._fields(), "error_type": reason})
            tell(self._observer, Happening(kind="reconnecting", database=self._database.name, reason=reason))
        if not isinstance(error, Unavailable):
            self._cut_all()

    def note_mended(self) -> None:
        """Say so."""
        logger.info("change stream works again", extra=self._fields())
        tell(self._observer, Happening(kind="reconnected", database=self._database.name))

    def _deliver(self, event: Event | None, size: int, token: str) -> None:
        with self._changing:
            for inbox in self._inboxes:
                if inbox.since is None:
                    continue
                if event is not None:
                    inbox.offer(event, size)
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

    def _fields(self) -> dict[str, object]:
        return {"database": self._database.name}


_streams: SharedStreams[Inbox] = SharedStreams()


def join(database: Database[Document], inbox: Inbox, observer: Observer | None) -> None:
    """Have the database's stream deliver to the inbox; its first feed begins it, with its observer."""
    _streams.join(database, inbox, lambda: DatabaseStream(database, observer))


def leave(database: Database[Document], inbox: Inbox) -> None:
    """Have nothing more delivered to the inbox. The last one of a database ends its stream."""
    _streams.leave(database, inbox)
