"""The outboxes that an application has, by name: the composition root registers them, for the commands and the API."""

from collections.abc import Callable

import msgspec

from cqrs.errors import DuplicateRegistration
from cqrs.outbox.errors import OutboxError
from cqrs.outbox.notices import Notices, Tell
from cqrs.outbox.outbox import Outbox
from cqrs.outbox.publishing import GivingUp
from cqrs.outbox.relay import Relay
from cqrs.outbox.retry_job import INTERVAL_SECONDS, RetryJob
from cqrs.publishers.publisher import Publisher


class UnknownOutbox(OutboxError):
    """No outbox of this name is registered, or none was named and there is not exactly one."""

    def __init__(self, name: str | None) -> None:
        self.name = name
        what = "name one of the outboxes" if name is None else f"there is no outbox {name!r}"
        super().__init__(f"{what}; known: {', '.join(outbox_names()) or 'none'}")


class RegisteredOutbox(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox, what makes a publisher for it, and who is told of parked events, if anybody.

    `tell` calls for a human once an event is parked; `giving_up` is told of it with its data, before.
    """

    name: str
    outbox: Outbox
    publisher: Callable[[], Publisher]
    tell: Tell | None = None
    giving_up: GivingUp | None = None

    def relay(self) -> Relay:
        """Return a new relay with a publisher of its own."""
        return Relay(self.outbox, self.publisher(), takes="fresh", giving_up=self.giving_up)

    def retry_job(self, interval: float = INTERVAL_SECONDS) -> RetryJob:
        """Return a new retry job with a publisher of its own."""
        notices = None if self.tell is None else Notices(self.outbox.queue, self.tell)
        return RetryJob(self.outbox, self.publisher(), notices=notices, interval=interval, giving_up=self.giving_up)


_outboxes: dict[str, RegisteredOutbox] = {}


def register_outbox(registered: RegisteredOutbox) -> None:
    """Let commands and API look after this outbox. Raises DuplicateRegistration."""
    if registered.name in _outboxes:
        raise DuplicateRegistration(f"the outbox {registered.name!r}")
    _outboxes[registered.name] = registered


def find_outbox(name: str | None = None) -> RegisteredOutbox:
    """Return the outbox, without a name the only one. Raises UnknownOutbox."""
    if name is None and len(_outboxes) == 1:
        return next(iter(_outboxes.values()))
    if name is None or name not in _outboxes:
        raise UnknownOutbox(name)
    return _outboxes[name]


def outbox_names() -> list[str]:
    """Return the names of all outboxes, sorted."""
    return sorted(_outboxes)
