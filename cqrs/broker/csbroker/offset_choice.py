"""Where to begin in a partition, as it is written on the command line: beginning, end, an offset, or @ and a time."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from cqrs.broker import reading
from cqrs.broker.csbroker.errors import InvalidArgument
from cqrs.broker.store import Store

BEGINNING: Literal["beginning"] = "beginning"
END: Literal["end"] = "end"


class OffsetChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One of the four ways to say it."""

    where: Literal["beginning", "end"] | int | datetime

    def resolved(self, store: Store, *, topic: str, partition: int) -> int:
        """Return the offset in a partition, never outside of what is there. Raises Unavailable."""
        if isinstance(self.where, datetime):
            return reading.offset_at(store, topic=topic, partition=partition, at=self.where)
        if self.where == END:
            return reading.latest(store, topic=topic, partition=partition)
        first = reading.earliest(store, topic=topic, partition=partition)
        if self.where == BEGINNING:
            return first
        return min(max(first, int(self.where)), reading.latest(store, topic=topic, partition=partition))


def parse_offset(text: str) -> OffsetChoice:
    """Return what the text says. A time without a zone is UTC. Raises InvalidArgument."""
    if text == BEGINNING:
        return OffsetChoice(where=BEGINNING)
    if text == END:
        return OffsetChoice(where=END)
    if text.isascii() and text.isdigit():
        return OffsetChoice(where=int(text))
    if text.startswith("@"):
        return OffsetChoice(where=_time(text.removeprefix("@")))
    raise InvalidArgument(f"{text!r} is no place: beginning, end, an offset such as 42, or a time such as {_EXAMPLE}")


_EXAMPLE = "@2026-01-31T12:00:00Z"


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidArgument(f"{text!r} is no time such as {_EXAMPLE.removeprefix('@')}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
