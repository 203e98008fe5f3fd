"""Of which topic an event of a stream is: the stream's subject that stands for the event's own, such as `tickets.*`.

The subjects themselves hold ids; a topic for each would be a window for each ticket.
"""

from cqrs.publishers.jetstream.settings import StreamSettings
from cqrs.publishers.jetstream.subjects import pattern_of


def topic_of(subject: str, stream: StreamSettings) -> str:
    """Return the topic; that of a subject which is not the stream's is called as the stream."""
    return pattern_of(subject, stream.subjects) or stream.name
