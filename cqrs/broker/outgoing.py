"""What is on its way into a topic: checked, encoded, and placed."""

import msgspec

from cqrs.broker.message import Message


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its partition, encoded as it will be stored."""

    message: Message
    body: bytes
    partition: int


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """One call: its messages stand or fall together. `partitions` is the number that they were placed by.

    The fingerprint tells what is sent under the idempotency key; both or none are there.
    """

    topic: str
    partitions: int
    entries: tuple[Entry, ...]
    idempotency_key: str | None = None
    fingerprint: bytes = b""

    @property
    def size(self) -> int:
        """The bytes of all messages together."""
        return sum(len(entry.body) for entry in self.entries)
