"""A destination that is a collection: a publisher that appends what it is given, and what tests ask about that."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.errors import Unavailable
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Refused, Withheld

ARRIVED = "arrived"
# All processes of a machine share this clock. Ids of several processes are in no order, and the natural order changes
# with a crash of mongod.
IN_ORDER = "at"


class Destination:
    """Appends events in the order in which they come, duplicates too; `by` names the process.

    `refuses` and `withholds` decide what is done to which events, `is_away` makes it unavailable, `before` and `after`
    are called around each call with its events.
    """

    def __init__(
        self,
        database: Database[Any],
        *,
        by: str = "here",
        before: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None,
        after: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None,
    ) -> None:
        self._arrived = database[ARRIVED]
        self._by = by
        self.before = before
        self.after = after
        self.refuses: Callable[[OutgoingEvent], bool] = lambda _: False
        self.withholds: Callable[[OutgoingEvent], bool] = lambda _: False
        self.is_away = False
        self.calls: list[list[str]] = []
        self.given: list[OutgoingEvent] = []
        self.is_closed = False
        self._publishing = threading.Lock()

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        assert self._publishing.acquire(blocking=False), "one thread at a time"
        try:
            return self._publish(events, time.monotonic() + seconds)
        finally:
            self._publishing.release()

    def _publish(self, events: Sequence[OutgoingEvent], until: float) -> Sequence[Outcome]:
        self.calls.append([event.event_id for event in events])
        self.given += events
        if self.is_away:
            raise Unavailable("destination")
        self.before(events)
        outcomes = [Withheld() for _ in events] if time.monotonic() >= until else self._outcomes(events)
        taken = [event for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Published)]
        if taken:
            with translated():
                self._arrived.insert_many([self._document(event) for event in taken])
        self.after(events)
        return outcomes

    def _outcomes(self, events: Sequence[OutgoingEvent]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        stopped: set[str] = set()
        for event in events:
            if event.ordering_key in stopped or self.withholds(event):
                stopped.add(event.ordering_key)
                outcomes.append(Withheld())
            elif self.refuses(event):
                stopped.add(event.ordering_key)
                outcomes.append(Refused(error="no", code="refused"))
            else:
                outcomes.append(Published())
        return outcomes

    def close(self) -> None:
        self.is_closed = True

    def _document(self, event: OutgoingEvent) -> dict[str, Any]:
        return {
            "id": event.event_id,
            "key": event.ordering_key,
            "sequence": event.sequence,
            "data": event.data,
            "by": self._by,
            "at": time.monotonic_ns(),
        }

    @property
    def arrived(self) -> list[dict[str, Any]]:
        return list(self._arrived.find().sort(IN_ORDER))

    @property
    def number(self) -> int:
        """How many have arrived, those that came again included."""
        return self._arrived.estimated_document_count()

    @property
    def sequences(self) -> dict[str, list[int]]:
        """By aggregate the sequences of its events as they arrived."""
        found: dict[str, list[int]] = defaultdict(list)
        for event in self._arrived.find({}, {"key": 1, "sequence": 1}).sort(IN_ORDER):
            found[event["key"]].append(event["sequence"])
        return dict(found)

    @property
    def first_sequences(self) -> dict[str, list[int]]:
        """The same without what came again."""
        return {key: list(dict.fromkeys(sequences)) for key, sequences in self.sequences.items()}
