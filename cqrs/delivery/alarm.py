"""When to tell people of a topic: for each window below its threshold once, and when it has recovered."""

from collections.abc import Mapping

import msgspec

WHOLE = 1.0


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """The rate, from 0 to 1, below which a topic raises an alarm: its own, or that of all others."""

    of_topic: Mapping[str, float] = {}
    of_others: float = WHOLE

    def of(self, topic: str) -> float:
        """Return the threshold of a topic."""
        return self.of_topic.get(topic, self.of_others)

    def is_below(self, topic: str, rate: float | None) -> bool:
        """Whether the rate of a topic is below its threshold; a window that expected nothing is not."""
        return rate is not None and rate < self.of(topic)


def has_recovered(*, alarmed: int | None, newest: int, is_below: bool) -> bool:
    """Whether a topic has recovered, by the newest window that expected something of it.

    `alarmed` is the window of its last alarm, None where it has recovered from that. A window before that one says
    nothing; the same one does, since what arrives late revises it.
    """
    return alarmed is not None and newest >= alarmed and not is_below
