"""Records of what comes of publishing events to a stream: that it was attempted, has succeeded, or failed in the end.

The destination holds no transaction with the ledger. So `attempted` is recorded before and `published` after the
acknowledgement; whoever dies in between publishes again, under the same id, and records it then. The moment of an event
is `created_at`, when it was made: it is the same in every attempt and in the message, so that all that is recorded
of it is of one window, whoever records it how often.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pymongo

from cqrs.broker.mongodb import translated
from cqrs.delivery.message_format import trace_id_of
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import Status, TrackedEvent, payload_of
from cqrs.delivery.stream_topic import topic_of
from cqrs.delivery.subscriptions import Subscriptions, expected
from cqrs.publishers.jetstream.settings import StreamSettings
from cqrs.publishers.outgoing_event import OutgoingEvent

NO_JSON = "null"
# Whoever publishes holds a claim meanwhile.
SECONDS = 5.0


class OutgoingTracking:
    """Records in the ledger what comes of events for `stream`. For any thread. All methods raise Unavailable."""

    def __init__(self, recording: Recording, subscriptions: Subscriptions, stream: StreamSettings) -> None:
        self._recording = recording
        self._subscriptions = subscriptions
        self._stream = stream

    def attempted(self, events: Sequence[OutgoingEvent]) -> None:
        """They are about to be published."""
        if events:
            self._write(events, "attempted")

    def published(self, events: Sequence[OutgoingEvent]) -> None:
        """The stream holds them: those who listen to their subjects now are expected to receive them."""
        if not events:
            return
        subscriptions = self._subscriptions.all()
        by_subscriptions: Mapping[tuple[str, ...], list[OutgoingEvent]] = defaultdict(list)
        for event in events:
            by_subscriptions[expected(event.subject, subscriptions)].append(event)
        for names, of_these in by_subscriptions.items():
            self._write(of_these, "published", names)

    def failed(self, events: Sequence[OutgoingEvent]) -> None:
        """They are given up."""
        if events:
            self._write(events, "failed")

    def _write(self, events: Sequence[OutgoingEvent], status: Status, subscriptions: Sequence[str] = ()) -> None:
        with translated(), pymongo.timeout(SECONDS):
            self._recording.write_publications(self._tracked(events), status=status, subscriptions=subscriptions)

    def _tracked(self, events: Sequence[OutgoingEvent]) -> list[TrackedEvent]:
        return [
            TrackedEvent(
                topic=topic_of(event.subject, self._stream),
                event_id=event.event_id,
                trace_id=trace_id_of(event.headers),
                payload=_payload_of(event),
                published_at=event.created_at,
            )
            for event in events
        ]


def _payload_of(event: OutgoingEvent) -> str:
    try:
        return payload_of(event.data)
    except (TypeError, ValueError, RecursionError):
        # It is the publisher that refuses it, and says why.
        return NO_JSON
