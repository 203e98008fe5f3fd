"""Tracking of what a listener of a stream receives."""

from typing import Any

from cqrs.clock import now
from cqrs.delivery.message_format import trace_id_of
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import TrackedEvent
from cqrs.delivery.stream_topic import topic_of
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor
from cqrs.publishers.jetstream.settings import StreamSettings


class TrackedListener(ListenerInterceptor):
    """Records what a service has handled of `stream`: in the handler's transaction, which has to be MongoDB's.

    What a handler without one has done is recorded within half a second; a process that is killed before loses that.
    """

    def __init__(self, recording: Recording, stream: StreamSettings) -> None:
        self._recording = recording
        self._stream = stream

    def after_handling(self, event: IncomingEvent, service: str, session: Any) -> None:
        """Record that the service has handled the event."""
        events = [self._tracked(event)]
        if session is None:
            self._recording.receipts_soon(events, subscription=service, at=now())
        else:
            self._recording.write_receipts(events, subscription=service, at=now(), session=session)

    def close(self) -> None:
        """Write what was put off."""
        self._recording.close()

    def _tracked(self, event: IncomingEvent) -> TrackedEvent:
        return TrackedEvent(
            topic=topic_of(event.subject, self._stream),
            event_id=event.event_id,
            trace_id=trace_id_of(event.headers),
            # What was published is on record already.
            payload="",
            published_at=event.created_at,
        )
