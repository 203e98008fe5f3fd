"""An event as a message of NATS; whatever is wrong with it is found before the driver or the server sees it."""

import json
import re
from collections.abc import Sequence

import msgspec

from cqrs.publishers.jetstream.subjects import pattern_of
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Refused

MESSAGE_ID = "Nats-Msg-Id"
EVENT_TYPE = "Event-Type"
KEY = "Event-Key"
SEQUENCE = "Event-Sequence"
CREATED_AT = "Event-Time"
RESERVED = re.compile(r"(nats|event)-", re.IGNORECASE)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_SUBJECT = re.compile(r"[^\s.*>\0]+(\.[^\s.*>\0]+)*")
_LONGEST_SUBJECT = 255
# `NATS/1.0`, and four characters for every header.
_FRAME = 12
_HEADER_FRAME = 4


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What goes over the wire for an event."""

    event: OutgoingEvent
    payload: bytes
    headers: dict[str, str]

    @property
    def size(self) -> int:
        """The bytes that count against the server's limit: payload and headers."""
        headers = sum(len(name) + len(value.encode()) + _HEADER_FRAME for name, value in self.headers.items())
        return len(self.payload) + headers + _FRAME


def message_of(event: OutgoingEvent, subjects: Sequence[str]) -> OutgoingMessage | Refused:
    """Return the message for an event of a stream with these subjects, or why there can be none."""
    if not _SUBJECT.fullmatch(event.subject) or len(event.subject.encode("utf-8", "replace")) > _LONGEST_SUBJECT:
        return Refused(code="bad_subject", error=f"{event.subject[:100]!r} is no subject of NATS")
    if pattern_of(event.subject, subjects) is None:
        return Refused(code="foreign_subject", error=f"{event.subject!r} is not among the stream's subjects")
    headers = _headers(event)
    mistake = next(filter(None, (_mistake_in_header(*header) for header in headers.items())), None)
    if mistake is None:
        mistake = next((f"{name} is reserved" for name in event.headers if RESERVED.match(name)), None)
    if mistake is not None:
        return Refused(code="bad_header", error=mistake)
    try:
        payload = json.dumps(event.data, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        return Refused(code="not_json", error=str(error))
    return OutgoingMessage(event=event, payload=payload, headers=headers)


def _headers(event: OutgoingEvent) -> dict[str, str]:
    headers = {
        **event.headers,
        MESSAGE_ID: event.event_id,
        EVENT_TYPE: event.event_type,
        KEY: event.ordering_key,
        CREATED_AT: event.created_at.isoformat(),
    }
    if event.sequence is not None:
        headers[SEQUENCE] = str(event.sequence)
    return headers


def _mistake_in_header(name: str, value: str) -> str | None:
    if not _HEADER_NAME.fullmatch(name):
        return f"{name[:100]!r} cannot name a header"
    if not value or value != value.strip() or any(character < " " or character == "\x7f" for character in value):
        return f"the value of {name} must be text without control characters and without space around it"
    try:
        value.encode()
    except UnicodeEncodeError:
        return f"the value of {name} is not Unicode"
    return None
