"""How long a member may take itself for alive without having heard so from the store."""


class Lease:
    """Holds for `seconds` from the last heartbeat that succeeded, counted from when that was sent.

    The store counts from when it arrived, which is later: so a member that was frozen or cut off stops handling before
    anybody else may own its partitions. What it had in hand at that moment is refused by the epoch.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def renew(self, sent: float) -> None:
        """A heartbeat sent at the monotonic time `sent` has succeeded."""
        self._until = sent + self._seconds

    def holds(self, now: float) -> bool:
        """Whether it holds at the monotonic time `now`."""
        return now < self._until
