"""The source of chance: a stream of numbers that depends on its key and on nothing else."""

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")

_WORDS = 48
_UNPACK = struct.Struct(f">{_WORDS}Q").unpack


class Draws:
    """Up to 48 numbers drawn from `key`, the same for the same key for ever.

    They are the 64-bit big-endian words of SHAKE-256, whose output is a published standard. `random.Random` promises a
    stable sequence for `random()` only. Remainders of 64 bits are as good as even for every range used here. Drawing
    more than 48 raises StopIteration.
    """

    __slots__ = ("_words",)

    def __init__(self, key: str) -> None:
        words: tuple[int, ...] = _UNPACK(hashlib.shake_256(key.encode()).digest(_WORDS * 8))
        self._words = iter(words)

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1; `bound` is at most 2**64."""
        return next(self._words) % bound

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + next(self._words) % (high - low + 1)

    def one_of(self, options: Sequence[Option]) -> Option:
        """One of the options, each as likely as any other."""
        return options[next(self._words) % len(options)]
