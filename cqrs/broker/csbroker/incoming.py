"""Messages as they are written on the command line or come in on stdin, a line each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from cqrs.broker.csbroker.errors import InvalidArgument
from cqrs.broker.message import Message
from cqrs.conversion import decoded_json


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a line that `consume` prints which say what was sent; where it was stored does not count."""

    value: Any
    key: str | None = None
    timestamp: datetime | None = None
    headers: dict[str, str] = {}


def message_of(*, value: str, key: str | None, headers: Sequence[str]) -> Message:
    """Return the message of a JSON text. Raises InvalidArgument."""
    return Message(value=_json(value, "value", Any), key=key, headers=parse_headers(headers))


def messages_of_lines(
    lines: Iterable[str], *, as_records: bool, key: str | None, headers: Sequence[str]
) -> list[Message]:
    """Return a message for each line that is not empty: a JSON value, or an object as `consume` prints it.

    Key and headers of the command line hold where the line has none. Raises InvalidArgument naming the line.
    """
    common = parse_headers(headers)
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if not as_records:
            found.append(Message(value=_json(line, f"line {number}", Any), key=key, headers=common))
            continue
        record = _json(line, f"line {number}", _Record)
        found.append(
            Message(
                value=record.value,
                key=key if record.key is None else record.key,
                timestamp=record.timestamp,
                headers={**common, **record.headers},
            )
        )
    return found


def parse_headers(headers: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE texts as a mapping. Raises InvalidArgument."""
    for header in headers:
        if header.find("=") < 1:
            raise InvalidArgument(f"header {header!r} is not NAME=VALUE")
    return dict(header.split("=", 1) for header in headers)


def _json(text: str, what: str, kind: Any) -> Any:
    try:
        return decoded_json(text, kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidArgument(f"{what}: {error}") from error
