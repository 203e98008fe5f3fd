"""The queue between the one stream of a database and a shard of a feed, bounded by events and by bytes."""

import threading
import time
from collections import deque
from datetime import datetime

from cqrs.changefeed.change import OPERATIONS, Event, Operation
from cqrs.changefeed.share import Share

CAPACITY = 2000
CAPACITY_BYTES = 16 * 1024 * 1024

# With its size in bytes.
Sized = tuple[Event, int]


class Inbox:
    """Filled by the stream's thread, emptied by the shard's. `signal` is set when there is something to take.

    `since` is set once the stream delivers here: everything behind that token comes, until the inbox `is_cut` because
    it was full or the stream lost its history. What is in it by then is still to be taken.
    """

    def __init__(
        self,
        collection: str,
        operations: frozenset[Operation],
        share: Share,
        *,
        signal: threading.Event,
    ) -> None:
        self.collection = collection
        self.operations = operations
        self.since: str | None = None
        self.is_cut = False
        # The monotonic time at which the stream was read last.
        self.heard_at = time.monotonic()
        self._share = share
        self._signal = signal
        self._events: deque[Sized] = deque()
        self._bytes = 0
        self._token: str | None = None
        self._changing = threading.Lock()

    def offer(self, event: Event, size: int) -> None:
        """Put the event in where it belongs to this shard; one too many, or too large, cuts the inbox off."""
        if self.is_cut or not self._wants(event):
            return
        with self._changing:
            is_full = len(self._events) >= CAPACITY or self._bytes + size > CAPACITY_BYTES
            # One alone is always taken, however large.
            if is_full and self._events:
                self.is_cut = True
            else:
                self._events.append((event, size))
                self._bytes += size
        self._signal.set()

    def pass_on(self, token: str) -> None:
        """Everything before the token has been offered."""
        self._token = token
        self.heard_at = time.monotonic()

    def cut(self) -> None:
        """Nothing comes any more."""
        self.is_cut = True
        self._signal.set()

    @property
    def oldest(self) -> datetime | None:
        """The server's time of the first event that is here."""
        with self._changing:
            return self._events[0][0]["wallTime"] if self._events else None

    def take(self, limit: int, most_bytes: int) -> tuple[list[Sized], str | None]:
        """Return the next events and, where these are all, a token behind which nothing has been taken yet.

        One at least, if there is one; more only up to so many bytes.
        """
        # Before looking: what is offered in between must not lie before it.
        token = self._token
        with self._changing:
            taken = self._next(limit, most_bytes)
            is_all = not self._events and not self.is_cut
        return taken, token if is_all else None

    def _next(self, limit: int, most_bytes: int) -> list[Sized]:
        taken: list[Sized] = []
        room = most_bytes
        while self._events and len(taken) < limit and (not taken or self._events[0][1] <= room):
            taken.append(self._events.popleft())
            room -= taken[-1][1]
        self._bytes -= most_bytes - room
        return taken

    def _wants(self, event: Event) -> bool:
        operation = OPERATIONS.get(event["operationType"])
        if operation is None:
            return concerns(event, self.collection)
        if event["ns"]["coll"] != self.collection or operation not in self.operations:
            return False
        return self._share.has(event["documentKey"]["_id"], event.get("fullDocument"))


def concerns(event: Event, collection: str) -> bool:
    """Whether an event that is no change of a document is about this collection."""
    places = (event.get("ns"), event.get("to"))
    return any(place is not None and place.get("coll", collection) == collection for place in places)
