"""A destination that is a stream of JetStream, with places before and after each call for a test to stop at."""

from collections.abc import Callable, Sequence

from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import define_jetstream
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome

# A lost acknowledgement is given up after that.
ACK_SECONDS = 0.5


class Streamed:
    """Publishes to the stream that `address` ends with: `nats://127.0.0.1:4222/things`, with the subjects `things.*`.

    `before` and `after` are called around each call with its events.
    """

    def __init__(self, address: str) -> None:
        url, _, name = address.rpartition("/")
        settings = define_jetstream(url=url, cluster_id=name, subjects=[f"{name}.*"], ack_seconds=ACK_SECONDS)
        self._publisher = JetStreamPublisher(settings)
        self.before: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None
        self.after: Callable[[Sequence[OutgoingEvent]], None] = lambda _: None

    def publish(self, events: Sequence[OutgoingEvent]) -> Sequence[Outcome]:
        self.before(events)
        outcomes = self._publisher.publish(events)
        self.after(events)
        return outcomes

    def close(self) -> None:
        self._publisher.close()
