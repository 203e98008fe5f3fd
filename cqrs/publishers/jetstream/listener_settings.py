"""Who listens to a stream, to what of it, and with which patience."""

import re
from collections.abc import Iterator

import msgspec

from cqrs.publishers.jetstream.errors import InvalidSettings
from cqrs.publishers.jetstream.settings import DAY, JetStreamSettings, StreamSettings
from cqrs.retry import RetryPolicy

# What JetStream takes for the name of a consumer, without what means something in subjects.
_SERVICE = re.compile(r"[A-Za-z0-9_-]{1,32}")
LETTERS_BYTES = 256 * 1024 * 1024


class ListenerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A service's listener; all its processes share the durable consumer of this name. Made by `define_listener`.

    `ack_wait` is in seconds: what is not acknowledged or reported as being worked on for so long is delivered again.
    `policy` says when a failure is tried again, and how often. `deliveries` is how often a message may be delivered
    without anybody ever reporting on it: one that kills its process is given up, too. `in_hand` bounds the messages
    that a process has at once, `handlers` its threads.
    """

    service: str
    jetstream: JetStreamSettings
    subjects: tuple[str, ...]
    ack_wait: float = 5.0
    policy: RetryPolicy = RetryPolicy(max_attempts=5)
    deliveries: int = 20
    in_hand: int = 256
    handlers: int = 8

    @property
    def letters(self) -> StreamSettings:
        """The stream of this service's dead letters, and of the wishes to try them again."""
        return StreamSettings(
            name=f"dlq_{self.jetstream.stream.name}_{self.service}",
            subjects=(f"{self.letter_prefix}>", f"{self.wish_prefix}>"),
            replicas=self.jetstream.stream.replicas,
            max_age=365 * DAY,
            max_bytes=min(LETTERS_BYTES, self.jetstream.stream.max_bytes),
            max_message_bytes=2 * self.jetstream.stream.max_message_bytes,
        )

    @property
    def letter_prefix(self) -> str:
        """What the subject of a letter has before the event's own."""
        return f"dlq.{self.jetstream.stream.name}.{self.service}."

    @property
    def wish_prefix(self) -> str:
        """What the subject of a wish to try again has before the event's own."""
        return f"dlq-retry.{self.jetstream.stream.name}.{self.service}."

    @property
    def hold_seconds(self) -> float:
        """How long the consumer stays with a process that does not ask for more.

        Longer than everything that this process has can stay without a report: whatever it leaves behind is then due
        for redelivery, and comes before what is new.
        """
        return 2 * self.ack_wait


def define_listener(
    *,
    service: str,
    jetstream: JetStreamSettings,
    subjects: tuple[str, ...] | None = None,
    ack_wait: float = 5.0,
    policy: RetryPolicy | None = None,
    deliveries: int = 20,
    in_hand: int = 256,
    handlers: int = 8,
) -> ListenerSettings:
    """Declare the listener of a service, by default to all subjects of the stream. Raises InvalidSettings."""
    settings = ListenerSettings(
        service=service,
        jetstream=jetstream,
        subjects=jetstream.stream.subjects if subjects is None else subjects,
        ack_wait=ack_wait,
        policy=policy or RetryPolicy(max_attempts=5),
        deliveries=deliveries,
        in_hand=in_hand,
        handlers=handlers,
    )
    if mistakes := list(_mistakes(settings)):
        raise InvalidSettings(mistakes)
    return settings


def _mistakes(settings: ListenerSettings) -> Iterator[str]:
    if not _SERVICE.fullmatch(settings.service):
        yield f"a service's name must be 1 to 32 letters, digits, - or _, not {settings.service!r}"
    if not settings.subjects:
        yield "a listener needs subjects"
    if not settings.ack_wait > 0:
        yield f"ack_wait must be above 0, not {settings.ack_wait!r}"
    for name in ("deliveries", "in_hand", "handlers"):
        if getattr(settings, name) < 1:
            yield f"{name} must be at least 1, not {getattr(settings, name)!r}"
