"""The port of everything that events can be published to."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from cqrs.publishers.outgoing_event import OutgoingEvent


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The destination holds the event durably; with `duplicate` it had it before this call."""

    duplicate: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The destination will not take this event as it is, which counts as a failure of the event.

    `code` names the kind of failure (`too_large`), `error` says it in words.
    """

    error: str
    code: str


Outcome = Published | Refused


class Publisher(Protocol):
    """Publishes events durably. For one thread at a time."""

    def publish(self, events: Sequence[OutgoingEvent]) -> Sequence[Outcome]:
        """Publish the events and return an outcome for each, in their order.

        A call holds at most one event of each ordering key: the caller gives the next one when it knows what became of
        this one. An event may be published again; the destination drops it where it still remembers its id.

        Raises cqrs.errors.Unavailable where the destination cannot be reached or can take nothing now, which is no
        event's failure. Then any of the events may have been published all the same: give them again later.
        """

    def close(self) -> None:
        """Give back connections and threads. What is published afterwards is an error."""
