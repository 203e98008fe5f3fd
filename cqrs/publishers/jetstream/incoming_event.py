"""An event as a listener gets it, and what the server says about its delivery."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from nats.aio.msg import Msg

from cqrs.publishers.jetstream.outgoing_message import CREATED_AT, EVENT_TYPE, KEY, MESSAGE_ID, SEQUENCE

# $JS.ACK.domain.account.stream.consumer.delivered.place.delivery.time.pending[.token], without domain and account
# from servers that do not know them.
_SHORT_REPLY = 9


class IncomingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event from a stream: `data` is any JSON, `place` the message's sequence in the stream.

    `event_id` is the same for every repetition: what a handler has an effect for, it should remember in the same
    transaction. `deliveries` says how often the server has handed it out, 1 for the first time.
    """

    event_id: str
    subject: str
    event_type: str
    ordering_key: str
    sequence: int | None
    data: Any
    headers: Mapping[str, str]
    place: int
    deliveries: int
    stored_at: datetime

    @property
    def created_at(self) -> datetime:
        """When the event was made, as its publisher says; when the stream has stored it where none says that."""
        try:
            created = datetime.fromisoformat(self.headers.get(CREATED_AT, ""))
        except ValueError:
            return self.stored_at
        return created if created.tzinfo else self.stored_at


class Delivery:
    """A message in hand: still encoded, with the subject to answer to, and when it was last reported on.

    The server counts what it delivers for a consumer: deliveries that are received one after the other have a `number`
    one after the other.
    """

    def __init__(self, message: Msg) -> None:
        words = message.reply.split(".")
        if len(words) > _SHORT_REPLY:
            words = [*words[:2], *words[4:]]
        self.deliveries = int(words[4])
        self.place = int(words[5])
        self.number = int(words[6])
        self.stored_at = datetime.fromtimestamp(int(words[7]) / 1e9, UTC)
        self.subject = message.subject
        self.reply = message.reply
        self.payload = message.data
        self.headers: dict[str, str] = dict(message.headers or {})
        self.reported_at = time.monotonic()

    @property
    def event_id(self) -> str:
        """The id of the event; the place in the stream where the sender gave none."""
        return self.headers.get(MESSAGE_ID) or str(self.place)

    def has_lapsed(self, ack_wait: float) -> bool:
        """Say whether the server has given up on this delivery: somebody else may have it by now."""
        return time.monotonic() - self.reported_at >= ack_wait


def event_of(delivery: Delivery) -> IncomingEvent:
    """Return the event. Raises msgspec.DecodeError where the payload is no JSON."""
    return event_from(
        subject=delivery.subject,
        headers=delivery.headers,
        payload=delivery.payload,
        place=delivery.place,
        deliveries=delivery.deliveries,
        stored_at=delivery.stored_at,
    )


def event_from(
    *, subject: str, headers: Mapping[str, str], payload: bytes, place: int, deliveries: int, stored_at: datetime
) -> IncomingEvent:
    """Return the event that a stored message holds. Raises msgspec.DecodeError where the payload is no JSON."""
    sequence = headers.get(SEQUENCE, "")
    return IncomingEvent(
        event_id=headers.get(MESSAGE_ID) or str(place),
        subject=subject,
        event_type=headers.get(EVENT_TYPE, ""),
        ordering_key=headers.get(KEY, subject),
        sequence=int(sequence) if sequence.isascii() and sequence.isdecimal() else None,
        data=msgspec.json.decode(payload) if payload else None,
        headers=headers,
        place=place,
        deliveries=deliveries,
        stored_at=stored_at,
    )
