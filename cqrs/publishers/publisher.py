"""The port of everything that events can be published to."""

import math
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


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """The event is to be given again: one before it was refused, there was no time left, or an outage came in between.

    Only in the last case it may have been published all the same.
    """


Outcome = Published | Refused | Withheld


class Publisher(Protocol):
    """Publishes events durably. For one thread at a time."""

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        """Publish the events and return an outcome for each, in their order.

        Those of one ordering key are published in the order given, each when the one before it is held durably; behind
        a refused one they are withheld. So is what is not begun `seconds` after the call. An event may be published
        again; the destination drops it where it still remembers its id.

        Raises cqrs.errors.Unavailable where the destination cannot be reached or can take nothing now, which is no
        event's failure, and nothing is known of any event of the call. Then any of them may have been published all the
        same: give them again later.
        """

    def close(self) -> None:
        """Give back connections and threads. What is published afterwards is an error."""


def is_any_known(outcomes: Sequence[Outcome]) -> bool:
    """Say whether it is known of any event what has become of it."""
    return any(not isinstance(outcome, Withheld) for outcome in outcomes)
