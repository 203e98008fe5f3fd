"""Publishers with places before and after each call for a test to stop at, such as one to a stream of JetStream."""

import math
import time
from collections.abc import Callable, Sequence

from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings, define_jetstream
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Publisher

# A lost acknowledgement is given up after that.
ACK_SECONDS = 0.5


class Watched:
    """Publishes through `publisher`; `before` and `after` are called around each call with its events."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.before: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None
        self.after: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        until = time.monotonic() + seconds
        self.before(events)
        outcomes = self._publisher.publish(events, seconds=until - time.monotonic())
        self.after(events)
        return outcomes

    def close(self) -> None:
        self._publisher.close()


def streamed(address: str) -> Watched:
    """A publisher to the stream that `address` ends with: `nats://127.0.0.1:4222/things`, with subjects `things.*`."""
    return Watched(JetStreamPublisher(stream_at(address)))


def stream_at(address: str) -> JetStreamSettings:
    """The settings of that stream."""
    url, _, name = address.rpartition("/")
    return define_jetstream(url=url, cluster_id=name, subjects=[f"{name}.*"], ack_seconds=ACK_SECONDS)
