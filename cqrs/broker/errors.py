"""What can go wrong with the broker. That MongoDB cannot be reached is `cqrs.errors.Unavailable`."""

from collections.abc import Sequence

from cqrs.errors import CqrsError


class BrokerError(CqrsError):
    """The root of the errors of the broker."""


class InvalidConfiguration(BrokerError):
    """A configuration cannot hold; `mistakes` names everything that is wrong with it, a sentence each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(self.mistakes))


class NotConnected(BrokerError):
    """The broker was used before `connect()` or after `disconnect()`."""

    def __init__(self) -> None:
        super().__init__("the broker is not connected: call connect() first")


class UnknownTopic(BrokerError):
    """There is no such topic, and nobody may create it by using it."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(f"there is no topic {topic!r}")


class TopicInUse(BrokerError):
    """A topic cannot be changed now: for `seconds` there was always a transaction open in it. Trying later is right."""

    def __init__(self, topic: str, seconds: float) -> None:
        self.topic = topic
        self.seconds = seconds
        super().__init__(f"topic {topic!r} was within open transactions for {seconds:.0f} s: try again later")


class InvalidMessage(BrokerError):
    """A message cannot be sent; `index` is its place in the call. Nothing of the call was written."""

    def __init__(self, index: int, reason: str) -> None:
        self.index = index
        self.reason = reason
        super().__init__(f"message {index}: {reason}")


class MissingKey(InvalidMessage):
    """The producer's strategy is `key-based`, and this message has no key."""

    def __init__(self, index: int) -> None:
        super().__init__(index, "has no key, which the strategy key-based requires")


class InvalidPayload(InvalidMessage):
    """The value does not have the shape of the payload that was declared for the topic."""


class MessageTooLarge(InvalidMessage):
    """A message, or with it the whole call, exceeds a limit; `size` and `limit` are bytes."""

    def __init__(self, index: int, *, size: int, limit: int, what: str = "the message") -> None:
        self.size = size
        self.limit = limit
        super().__init__(index, f"{what} takes {size:,} bytes of {limit:,} allowed")


class IdempotencyConflict(BrokerError):
    """The idempotency key has been used within the last 24 hours for other content. Nothing was written."""

    def __init__(self, topic: str, key: str) -> None:
        self.topic = topic
        self.key = key
        super().__init__(f"idempotency key {key!r} was used on {topic!r} for other messages")


class InvalidIdempotencyKey(BrokerError):
    """An idempotency key must be a string of 1 to 1,024 bytes. Nothing was written."""

    def __init__(self) -> None:
        super().__init__("an idempotency key must be a string of 1 to 1,024 bytes")


class NoTransaction(BrokerError):
    """A session was given that is not in a transaction, so nothing would hold its writes together."""

    def __init__(self) -> None:
        super().__init__("the session is not in a transaction")


class Fenced(BrokerError):
    """The partition has another owner by now: what was to be committed under `epoch` was refused."""

    def __init__(self, group: str, topic: str, partition: int, epoch: int) -> None:
        self.group = group
        self.topic = topic
        self.partition = partition
        self.epoch = epoch
        super().__init__(f"group {group!r} owns {topic!r} partition {partition} no longer under epoch {epoch}")


class TopicRemade(BrokerError):
    """The topic was deleted and made anew: the group's `offset` in the partition belongs to the former one."""

    def __init__(self, group: str, topic: str, partition: int, offset: int) -> None:
        self.group = group
        self.topic = topic
        self.partition = partition
        self.offset = offset
        super().__init__(
            f"{topic!r} was made anew: offset {offset} of group {group!r} in partition {partition} is void"
        )


class BatchFailed(BrokerError):
    """A batch handler has failed, which its cause tells; the records are handled again, each alone.

    They are those of a partition from `first` to `last`.
    """

    def __init__(self, topic: str, partition: int, first: int, last: int) -> None:
        self.topic = topic
        self.partition = partition
        self.first = first
        self.last = last
        super().__init__(f"{topic!r} partition {partition}: offsets {first} to {last} could not be handled together")


class HandlerEnded(BrokerError):
    """A handler tried to end its thread: it raised what is no Exception, such as SystemExit. `kind` is its name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"the handler raised {kind}")


class HandlerTooSlow(BrokerError):
    """A transactional handler took `seconds`, more than MongoDB grants a transaction: nothing of it was stored."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"the handler took {seconds:.0f} s within its transaction")


class OffsetPurged(BrokerError):
    """Retention has removed messages before they were read: everything from `offset` up to before `earliest`."""

    def __init__(self, topic: str, partition: int, offset: int, earliest: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.earliest = earliest
        super().__init__(f"{topic!r} partition {partition}: offsets {offset} to {earliest - 1} have been purged")
