"""Handlers that keep what they hear, and publishing for them to hear."""

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Published, Publisher
from cqrs.testing.waiting import wait_until

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Heard:
    """A handler that remembers, as `thing-sequence`, what it was called for and what it came to an end with."""

    def __init__(self, act: Callable[[IncomingEvent], None] = lambda _: None) -> None:
        self.attempts: list[str] = []
        self.events: list[IncomingEvent] = []
        self._act = act
        self._guard = threading.Lock()

    def __call__(self, event: IncomingEvent) -> None:
        with self._guard:
            self.attempts.append(event.event_id)
        self._act(event)
        with self._guard:
            self.events.append(event)

    @property
    def handled(self) -> list[str]:
        with self._guard:
            return [event.event_id for event in self.events]

    def of(self, thing: str) -> list[str]:
        """What was handled of one thing."""
        return [event_id for event_id in self.handled if event_id.startswith(f"{thing}-")]

    def wait_for(self, count: int, seconds: float = 60) -> None:
        wait_until(lambda: len(self.events) >= count, f"{count} events are handled", seconds=seconds)


def publish(publisher: Publisher, stream: str, thing: str, sequences: Iterable[int]) -> None:
    """Publish events of a thing, one after the other."""
    for sequence in sequences:
        assert publisher.publish([event_of(stream, thing, sequence)]) == [Published()]


def event_of(stream: str, thing: str, sequence: int) -> OutgoingEvent:
    """An event of a thing, `thing-sequence`."""
    return OutgoingEvent(
        event_id=f"{thing}-{sequence}",
        subject=f"{stream}.{thing}",
        event_type="thing:changed",
        ordering_key=f"thing/{thing}",
        sequence=sequence,
        data={"version": sequence},
        created_at=AT,
    )
