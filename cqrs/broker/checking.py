"""Checking what is to be sent: whatever is wrong with a message is found before anything is written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from cqrs.broker.errors import InvalidIdempotencyKey, InvalidMessage, InvalidPayload, MessageTooLarge
from cqrs.broker.json_value import NotStorable, require_storable
from cqrs.broker.message import TRACEPARENT, Message
from cqrs.broker.payloads import WrongShape, to_json
from cqrs.broker.stored import body_of
from cqrs.clock import cut
from cqrs.context import current

# MongoDB's limit is 16 MiB a document; the rest is for what is stored around a message, here and in a dead letter.
LARGEST_MESSAGE = 15 * 1000 * 1000
# All of a call is one transaction, and a transaction is held in the server's memory until it commits.
LARGEST_CALL = 64 * 1000 * 1000
LONGEST_IDEMPOTENCY_KEY = 1024


def checked(message: Message, index: int, payload: Any | None) -> Message:
    """Return the message with its value as JSON and its time as it will be stored.

    Raises InvalidMessage, InvalidPayload.
    """
    if not isinstance(message, Message):
        raise InvalidMessage(index, f"is a {type(message).__name__}, not a Message")
    if message.key is not None and type(message.key) is not str:
        raise InvalidMessage(index, f"key must be a string or None, not {message.key!r}")
    try:
        value = to_json(message.value, payload)
        require_storable(value)
    except WrongShape as error:
        raise InvalidPayload(index, f"value does not have the declared shape: {error}") from error
    except NotStorable as error:
        raise InvalidMessage(index, str(error)) from error
    _require_headers(message.headers, index)
    timestamp = message.timestamp
    if value is message.value and timestamp is None:
        return message
    return msgspec.structs.replace(message, value=value, timestamp=timestamp and _cut(timestamp, index))


def stamped(message: Message, at: datetime) -> Message:
    """Return the message with a time and, where there is a trace at hand, with that."""
    traceparent = current().traceparent
    if traceparent is not None and TRACEPARENT not in message.headers:
        message = msgspec.structs.replace(message, headers={**message.headers, TRACEPARENT: traceparent})
    return message if message.timestamp is not None else msgspec.structs.replace(message, timestamp=at)


def encoded(messages: Sequence[Message]) -> list[bytes]:
    """Return the messages as they will be stored. Raises InvalidMessage, MessageTooLarge."""
    bodies = []
    total = 0
    for index, message in enumerate(messages):
        try:
            body = body_of(message)
        except NotStorable as error:
            raise InvalidMessage(index, str(error)) from error
        total += len(body)
        if len(body) > LARGEST_MESSAGE:
            raise MessageTooLarge(index, size=len(body), limit=LARGEST_MESSAGE)
        if total > LARGEST_CALL:
            raise MessageTooLarge(index, size=total, limit=LARGEST_CALL, what="the call so far")
        bodies.append(body)
    return bodies


def require_idempotency_key(key: object) -> None:
    """Return when the key can be used. Raises InvalidIdempotencyKey."""
    try:
        if type(key) is str and 0 < len(key.encode()) <= LONGEST_IDEMPOTENCY_KEY:
            return
    except UnicodeEncodeError as error:
        raise InvalidIdempotencyKey from error
    raise InvalidIdempotencyKey


def _require_headers(headers: object, index: int) -> None:
    if not isinstance(headers, Mapping):
        raise InvalidMessage(index, f"headers must map strings to strings, not be {headers!r}")
    for name, value in headers.items():
        if type(name) is not str or type(value) is not str or "\0" in name:
            raise InvalidMessage(index, f"header {name!r}: {value!r} must be a string for a string without NUL")


def _cut(timestamp: object, index: int) -> datetime:
    if not isinstance(timestamp, datetime) or timestamp.tzinfo is None:
        raise InvalidMessage(index, f"timestamp must be an aware datetime or None, not {timestamp!r}")
    try:
        return cut(timestamp)
    except OverflowError as error:
        raise InvalidMessage(index, f"timestamp {timestamp!r} is beyond the years 1 to 9999") from error
