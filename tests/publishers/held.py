"""What the conformance suite asks of a stream."""

from cqrs.testing.publisher_conformance import Held
from tests.publishers.stream_view import StreamView


def held_by(view: StreamView, stream: str) -> list[Held]:
    """Return the events of a stream in their order, as the suite compares them."""
    return [
        Held(
            event_id=message.event_id,
            event_type=message.headers["Event-Type"],
            ordering_key=message.headers["Event-Key"],
            data=message.data,
        )
        for message in view.messages(stream)
    ]
