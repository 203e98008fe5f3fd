"""An event that is to be stored with its record."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from cqrs.broker.json_value import MOST_INT, NotStorable, require_storable
from cqrs.outbox.errors import InvalidEvent
from cqrs.uuid7 import new_uuid7

# No colon: it parts the type from the id in the ordering key.
TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
SUBJECT = re.compile(r"[!-~]{1,255}")
LONGEST_ID = 200


def _new_id() -> str:
    return str(new_uuid7())


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that has happened to a record, the aggregate.

    `sequence` numbers the events of an aggregate from 1: the version that the record has with this change. `data` is
    any JSON (dict, list, str, int, float, bool, None). `event_id` is what consumers tell duplicates by.
    """

    subject: str
    event_type: str
    aggregate_type: str
    aggregate_id: str
    sequence: int
    data: Any
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    event_id: str = msgspec.field(default_factory=_new_id)

    @property
    def ordering_key(self) -> str:
        """What the order of publishing is kept by."""
        return f"{self.aggregate_type}:{self.aggregate_id}"


def require_valid(event: NewEvent, index: int) -> None:
    """Return when the event can be stored and read back unchanged. Raises InvalidEvent."""
    if not SUBJECT.fullmatch(event.subject):
        raise InvalidEvent(index, f"subject {event.subject!r} must be 1 to 255 printable ASCII characters, no spaces")
    if not TYPE.fullmatch(event.aggregate_type):
        raise InvalidEvent(index, f"aggregate type {event.aggregate_type!r} must match {TYPE.pattern}")
    for name, text in (("aggregate id", event.aggregate_id), ("id", event.event_id), ("type", event.event_type)):
        if not 1 <= len(text) <= LONGEST_ID or not text.isprintable():
            raise InvalidEvent(index, f"{name} {text!r} must be 1 to {LONGEST_ID} printable characters")
    if not 1 <= event.sequence <= MOST_INT:
        raise InvalidEvent(index, f"sequence {event.sequence} must be at least 1")
    _require_headers(event.headers, index)
    try:
        require_storable(event.data)
    except NotStorable as error:
        raise InvalidEvent(index, f"data: {error}") from error


def _require_headers(headers: Mapping[str, str], index: int) -> None:
    for name, value in headers.items():
        if type(name) is not str or type(value) is not str or not name or not (name + value).isprintable():
            raise InvalidEvent(index, f"header {name!r}: {value!r} must be a printable string for a printable string")
