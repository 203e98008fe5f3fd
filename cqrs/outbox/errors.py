"""What can go wrong with an outbox. That MongoDB or the destination is away is `cqrs.errors.Unavailable`."""

from cqrs.errors import CqrsError


class OutboxError(CqrsError):
    """The root of the errors of the outbox and the inbox."""


class NoTransaction(OutboxError):
    """A session was given that is not in a transaction, so nothing would hold its writes together."""

    def __init__(self) -> None:
        super().__init__("the session is not in a transaction")


class InvalidEvent(OutboxError):
    """An event cannot be stored; `index` is its place in the call. Nothing of the call was written."""

    def __init__(self, index: int, reason: str) -> None:
        self.index = index
        self.reason = reason
        super().__init__(f"event {index}: {reason}")


class EventTooLarge(InvalidEvent):
    """An event takes `size` bytes of `limit`: no destination would take it."""

    def __init__(self, index: int, *, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(index, f"takes {size:,} bytes of {limit:,} allowed")


class EventExists(OutboxError):
    """An event with this id, or with this sequence of its aggregate, is waiting already.

    The second means that two writers have made the same version of a record: the transaction must be aborted.
    """

    def __init__(self, index: int, ordering_key: str, sequence: int) -> None:
        self.index = index
        self.ordering_key = ordering_key
        self.sequence = sequence
        super().__init__(f"event {index}: its id, or sequence {sequence} of {ordering_key!r}, is there already")


class NoSuchEvent(OutboxError):
    """No event of this id is waiting: there was none, or it was published or discarded."""

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"no event {event_id!r} is waiting")


class NotFailing(OutboxError):
    """The event has not failed, or is being tried again at this moment: it will be published without help."""

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"event {event_id!r} is about to be published: it is neither parked nor failing")
