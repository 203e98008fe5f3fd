"""Windows of time: which one a moment is in, and when it may be counted. Times are milliseconds since the epoch."""

from collections.abc import Iterator

import msgspec


class Windowing(msgspec.Struct, frozen=True, kw_only=True):
    """Windows of `size` milliseconds from the epoch on; one is counted `grace` milliseconds after its end.

    Raises ValueError where a size or a grace makes no windows.
    """

    size: int = 10_000
    grace: int = 5_000

    def __post_init__(self) -> None:
        if self.size < 1 or self.grace < 0:
            raise ValueError("windows need a size above zero, and no negative grace")

    def start_of(self, at: int) -> int:
        """Return the start of the window that `at` is in: its start belongs to it, its end does not."""
        return at - at % self.size

    def end_of(self, start: int) -> int:
        """Return the end of the window that starts at `start`; one that starts in the middle is shorter."""
        return self.start_of(start) + self.size

    def is_due(self, start: int, at: int) -> bool:
        """Whether the window that starts at `start` may be counted at `at`."""
        return self.end_of(start) + self.grace <= at

    def due(self, start: int, at: int) -> Iterator[int]:
        """Yield the starts of the windows that may be counted at `at`, from `start` on and without a gap."""
        while self.is_due(start, at):
            yield start
            start = self.end_of(start)
