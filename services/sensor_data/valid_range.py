"""The valid range of a sensor's values: both ends belong to it."""

import math

import msgspec

Number = int | float


class ValidRange(msgspec.Struct, frozen=True, kw_only=True):
    """From `since` to `until`, inclusive; finite and in order. On the wire they are `from` and `to`."""

    since: Number = msgspec.field(name="from")
    until: Number = msgspec.field(name="to")

    def __post_init__(self) -> None:
        if not (math.isfinite(self.since) and math.isfinite(self.until)):
            raise ValueError("The ends of a range have to be finite")
        if self.since > self.until:
            raise ValueError("A range has to begin before it ends")

    def includes(self, value: Number) -> bool:
        """Say whether a value is valid."""
        return self.since <= value <= self.until
