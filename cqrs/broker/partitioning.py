"""Which partition a message goes to. The hash is published: other programs may compute it."""

import json
import random
from hashlib import md5
from itertools import count
from typing import Any

from cqrs.broker.config import PartitionStrategy
from cqrs.broker.message import Message

HEX_DIGITS = 8


def hash_partition(text: str, partitions: int) -> int:
    """Return the partition of a key, or of a canonical JSON: the first eight hex digits of its md5, modulo the number.

    `text` is hashed as UTF-8.
    """
    digest = md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:HEX_DIGITS], 16) % partitions


def canonical_json(value: Any) -> str:
    """Return the one spelling of a JSON value: keys sorted by code point, no spaces, no character escaped needlessly.

    Numbers are spelled as Python's `json` does: `1.0` keeps its fraction, `1e+16` its sign.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Partitioner:
    """Places the messages of one producer; `round-robin` goes on from message to message, in any thread."""

    def __init__(self, strategy: PartitionStrategy) -> None:
        self._takes_turns = strategy == "round-robin"
        # From anywhere, so that many short-lived producers do not all begin with the first partition.
        self._turns = count(random.randrange(2**16))  # noqa: S311 - spreads load, guards nothing

    def place(self, message: Message, partitions: int) -> int:
        """Return the partition of a message whose value is JSON."""
        if partitions == 1:
            return 0
        if self._takes_turns:
            return next(self._turns) % partitions
        text = canonical_json(message.value) if message.key is None else message.key
        return hash_partition(text, partitions)
