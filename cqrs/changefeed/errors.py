"""What can go wrong with change feeds. That MongoDB cannot be reached is `cqrs.errors.Unavailable`."""

from collections.abc import Sequence

from cqrs.errors import CqrsError


class ChangeFeedError(CqrsError):
    """The root of the errors of change feeds."""


class InvalidFeed(ChangeFeedError):
    """A feed cannot be as declared; `mistakes` names everything that is wrong with it, a sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(self.mistakes))


class AlreadyStarted(ChangeFeedError):
    """A feed runs once in a process; several processes share its shards."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        super().__init__(f"change feed {feed!r} has been started here already")


class UnknownFeed(ChangeFeedError):
    """No feed of this name has been started."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        super().__init__(f"there is no change feed {feed!r}")


class NotResharded(ChangeFeedError):
    """A feed could not be given another number of shards now, and has those that it had; `reason` says why."""

    def __init__(self, feed: str, reason: str) -> None:
        self.feed = feed
        self.reason = reason
        super().__init__(f"change feed {feed!r} keeps its shards: {reason}")


class NoHistory(ChangeFeedError):
    """MongoDB at this address runs alone, without the history that change streams read."""

    def __init__(self) -> None:
        super().__init__(
            "MongoDB at this address is no replica set, and only those have change streams: "
            "start mongod with --replSet and initiate the set, of which one member is enough"
        )


class FeedChanged(ChangeFeedError):
    """A feed of this name is stored with another collection or order, to which its positions belong.

    `stored` and `declared` say by name what differs.
    """

    def __init__(self, feed: str, *, stored: dict[str, object], declared: dict[str, object]) -> None:
        self.feed = feed
        self.stored = stored
        self.declared = declared
        super().__init__(f"change feed {feed!r} is stored with {stored}, not {declared}")


class HistoryLost(ChangeFeedError):
    """MongoDB cannot go on from this resume point: it has no history that reaches back so far, or not this one."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the change stream cannot go on where it was: {reason}")
