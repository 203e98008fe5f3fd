"""A publisher that has what it publishes recorded."""

import math
import time
from collections.abc import Sequence

from cqrs.delivery.outgoing_tracking import OutgoingTracking
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Publisher

# Of so many it is remembered that they were attempted.
MOST_ATTEMPTED = 10_000


class TrackedPublisher:
    """Publishes through `publisher` and records that in `tracking`; a `cqrs.publishers.publisher.Publisher`.

    It needs the ledger as much as the destination: where one is away it raises Unavailable, and the events are given
    again later. Nothing is published that is not recorded as attempted, and nothing returned as published that is not
    recorded as such, so that a crash at any moment leaves a record of every event once it was published again.
    A refusal is recorded by whoever gives the event up: see `OutgoingTracking.failed`.
    """

    def __init__(self, publisher: Publisher, tracking: OutgoingTracking) -> None:
        self._publisher = publisher
        self._tracking = tracking
        self._attempted: set[str] = set()

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        """Publish the events; see the port."""
        until = time.monotonic() + seconds
        self._attempt(events)
        outcomes = self._publisher.publish(events, seconds=until - time.monotonic())
        published = [event for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Published)]
        self._tracking.published(published)
        self._attempted.difference_update(event.event_id for event in published)
        return outcomes

    def close(self) -> None:
        """Close the publisher."""
        self._publisher.close()

    def _attempt(self, events: Sequence[OutgoingEvent]) -> None:
        """Record those that were not yet: while a destination is away, the same ones are tried again and again."""
        new = [event for event in events if event.event_id not in self._attempted]
        self._tracking.attempted(new)
        if len(self._attempted) + len(new) > MOST_ATTEMPTED:
            self._attempted.clear()
        self._attempted.update(event.event_id for event in new)
