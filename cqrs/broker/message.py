"""Messages on their way in, and records as they are read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

# Headers with a meaning that all services share.
EVENT_TYPE = "eventType"
EVENT_ID = "eventId"
SOURCE = "source"
TRACEPARENT = "traceparent"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: `value` is any JSON (dict, list, str, int, float, bool, None), stored as given.

    Messages with one key keep their order. `timestamp` is the producer's, aware, kept to the millisecond; None means
    the time of sending.
    """

    value: Any
    key: str | None = None
    timestamp: datetime | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message was stored."""

    partition: int
    offset: int


class ConsumerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message. `timestamp` is the time of appending by the server's clock; it never falls in a partition."""

    topic: str
    partition: int
    offset: int
    message: Message
    timestamp: datetime
