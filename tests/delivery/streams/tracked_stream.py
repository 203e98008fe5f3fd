"""A stream that is tracked: publishing to it, listening to it, and what the ledger says of that."""

from collections.abc import Sequence
from typing import Any

import msgspec

from cqrs.clock import now
from cqrs.delivery.counting import count
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger
from cqrs.delivery.outgoing_tracking import OutgoingTracking
from cqrs.delivery.recording import Recording
from cqrs.delivery.subscriptions import Subscriptions
from cqrs.delivery.tally import Tally
from cqrs.delivery.tracked_listener import TrackedListener
from cqrs.delivery.tracked_publisher import TrackedPublisher
from cqrs.publishers.jetstream.handler import Handler, InTransaction
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import ListenerSettings, define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Publisher
from cqrs.retry import RetryPolicy
from tests.delivery.tracked import TRACEPARENT
from tests.publishers.heard import event_of

THREE_TIMES = RetryPolicy(max_attempts=3, base=0.1, cap=0.1, jitter=0)
FOR_EVER = 32_503_680_000_000


class TrackedStream:
    """The stream of `settings` and what `ledger` says of its events; its topic is `topic`."""

    def __init__(self, ledger: Ledger, settings: JetStreamSettings) -> None:
        self.ledger = ledger
        self.settings = settings
        self.name = settings.stream.name
        (self.topic,) = settings.stream.subjects
        self.subscriptions = Subscriptions(ledger, settings.stream)
        self.tracking = OutgoingTracking(Recording(ledger), self.subscriptions, settings.stream)
        self._publishers: list[Publisher] = []
        self._listeners: list[Listener] = []

    def publisher(self, inner: Publisher | None = None) -> TrackedPublisher:
        """A tracked publisher, by default to the stream; closed in the end."""
        publisher = TrackedPublisher(inner or JetStreamPublisher(self.settings), self.tracking)
        self._publishers.append(publisher)
        return publisher

    def event(self, thing: str, sequence: int = 1, **changes: Any) -> OutgoingEvent:
        """The event `thing-sequence`, made now."""
        made_now: dict[str, Any] = {"headers": {"traceparent": TRACEPARENT}, "created_at": now()}
        return msgspec.structs.replace(event_of(self.name, thing, sequence), **{**made_now, **changes})

    def service(self, name: str, subjects: tuple[str, ...] | None = None) -> ListenerSettings:
        """A service that gives an event up after three attempts."""
        return define_listener(
            service=name, jetstream=self.settings, subjects=subjects, policy=THREE_TIMES, ack_wait=1.0
        )

    def register(self, *names: str) -> None:
        """Have services expected that have yet to listen."""
        for name in names:
            self.subscriptions.register(self.service(name))

    def listen(self, name: str, handler: Handler | InTransaction[Any]) -> Listener:
        """Have a registered service listen, tracked; stopped in the end."""
        self.register(name)
        interceptor = TrackedListener(Recording(self.ledger), self.settings.stream)
        listener = Listener(self.service(name), handler, [interceptor])
        self._listeners.append(listener)
        listener.start()
        return listener

    def stop_listening(self) -> None:
        """Stop all that listen."""
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()

    def completion(self) -> Tally:
        """What the ledger says of all events together."""
        return count(self.ledger, 0, FOR_EVER).total

    def statuses(self) -> list[tuple[str, str]]:
        """What has come of which event, sorted; what is recorded twice is there twice."""
        return sorted((one["eventID"], one["status"]) for one in self._records(PUBLISH_RECORDS))

    def published(self) -> list[dict[str, Any]]:
        """The records of events that were published, by id."""
        found = [one for one in self._records(PUBLISH_RECORDS) if one["status"] == "published"]
        return sorted(found, key=lambda one: one["eventID"])

    def receipts(self) -> list[tuple[str, str]]:
        """Who has received what, sorted."""
        return sorted((one["subscription"], one["eventID"]) for one in self._records(RECEIVED_RECORDS))

    def close(self) -> None:
        """Stop and close all."""
        self.stop_listening()
        for publisher in self._publishers:
            publisher.close()

    def _records(self, name: str) -> Sequence[dict[str, Any]]:
        return list(self.ledger.collection(name).find())
