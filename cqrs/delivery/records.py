"""What tracking records: events that were published, and that a subscription has handled them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

Document = dict[str, Any]
# What came of publishing: it was about to begin, it has succeeded, it failed in the end.
Status = Literal["attempted", "published", "failed"]

# A record is about a message and must not be what keeps it from being sent: a longer payload is cut.
LONGEST_PAYLOAD = 100_000


class TrackedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a topic; `payload` is JSON in a text, `trace_id` a UUID in a text.

    `published_at` decides its window; all that is recorded of one publication names the same moment.
    """

    topic: str
    event_id: str
    trace_id: str | None
    payload: str
    published_at: datetime


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """What came of publishing an event; `subscriptions` are expected to receive it if it was published."""

    event: TrackedEvent
    status: Status
    subscriptions: tuple[str, ...] = ()


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription has handled an event at `at`."""

    event: TrackedEvent
    subscription: str
    at: datetime


def payload_of(value: Any) -> str:
    """Return a payload, any JSON, as the records hold it. Raises TypeError where it is none."""
    return msgspec.json.encode(value).decode()[:LONGEST_PAYLOAD]


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
