"""Being woken by new events: the collection's inserts on the database's change stream, which this process has one of.

The stream only says that there is more; what is published is read from the collection. So it may break or repeat
anything, and what it loses is found by the next poll.
"""

import threading
from typing import Any

from cqrs.changefeed.change import Event
from cqrs.changefeed.circumstances import ANY_DOCUMENT
from cqrs.changefeed.database_stream import join, leave
from cqrs.changefeed.inbox import Inbox
from cqrs.changefeed.share import Share
from cqrs.outbox.queue import Queue

ALL = Share(shard=0, shards=1)


class Doorbell:
    """Rings when an event is stored in `queue`. For one thread."""

    def __init__(self, queue: Queue) -> None:
        self._database = queue.database.with_options(codec_options=ANY_DOCUMENT)
        self._collection = queue.name
        self._rung = threading.Event()
        self._chime: _Chime | None = None

    def listen(self) -> None:
        """Hear the stream from now on, and again where that has lost its history."""
        if self._chime is None or self._chime.is_cut:
            self.close()
            self._chime = _Chime(self._collection, self._rung)
            join(self._database, self._chime, observer=None)

    def wait(self, seconds: float) -> None:
        """Return when it has rung since the last time, after `seconds` at the latest."""
        self._rung.wait(seconds)
        self._rung.clear()

    def ring(self) -> None:
        """Have whoever waits look for events. Safe from any thread."""
        self._rung.set()

    def close(self) -> None:
        """Hear nothing any more."""
        chime, self._chime = self._chime, None
        if chime is not None:
            leave(self._database, chime)


class _Chime(Inbox):
    """An inbox that keeps nothing, so it is never full."""

    def __init__(self, collection: str, signal: threading.Event) -> None:
        super().__init__(collection, frozenset({"insert"}), ALL, signal=signal)
        self._bell = signal

    def offer(self, event: Event, *_: Any) -> None:
        if event["operationType"] == "insert" and event["ns"]["coll"] == self.collection:
            self._bell.set()
