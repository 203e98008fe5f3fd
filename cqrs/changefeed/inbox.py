"""The bounded queue between the one stream of a database and a shard of a feed."""

import threading
from collections import deque

from cqrs.changefeed.change import OPERATIONS, Event, Operation
from cqrs.changefeed.share import Share

CAPACITY = 2000


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
        capacity: int | None = None,
    ) -> None:
        self.collection = collection
        self.operations = operations
        self.since: str | None = None
        self.is_cut = False
        self._share = share
        self._signal = signal
        self._capacity = CAPACITY if capacity is None else capacity
        self._events: deque[Event] = deque()
        self._token: str | None = None
        self._changing = threading.Lock()

    def offer(self, event: Event) -> None:
        """Put the event in where it belongs to this shard; one too many cuts the inbox off."""
        if self.is_cut or not self._wants(event):
            return
        with self._changing:
            if len(self._events) >= self._capacity:
                self.is_cut = True
            else:
                self._events.append(event)
        self._signal.set()

    def pass_on(self, token: str) -> None:
        """Everything before the token has been offered."""
        self._token = token

    def cut(self) -> None:
        """Nothing comes any more."""
        self.is_cut = True
        self._signal.set()

    def take(self, limit: int) -> tuple[list[Event], str | None]:
        """Return the next events and, where these are all, a token behind which nothing has been taken yet."""
        # Before looking: what is offered in between must not lie before it.
        token = self._token
        with self._changing:
            taken = [self._events.popleft() for _ in range(min(limit, len(self._events)))]
            is_all = not self._events and not self.is_cut
        return taken, token if is_all else None

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
