"""The error tree of the package: what can go wrong, sorted by what the caller should do about it."""

from uuid import UUID


class CqrsError(Exception):
    """The root of every error that this package raises on purpose."""


class Unavailable(CqrsError):
    """A store or a destination cannot be reached now; nobody's data is at fault, so trying again later is right.

    `store` names it (`postgresql`, `mongodb`, …); `retry_after` is a hint in seconds.
    """

    def __init__(self, store: str, *, retry_after: float = 1.0) -> None:
        self.store = store
        self.retry_after = retry_after
        super().__init__(f"{store} is unavailable")


class RecordError(CqrsError):
    """The failure belongs to one record: trying others is right, trying this one for ever is not."""


class UnknownEvent(RecordError):
    """The log holds an event whose wire name no application part has registered, not even through an upcaster."""

    def __init__(self, wire_name: str) -> None:
        self.wire_name = wire_name
        super().__init__(f"no event is registered under {wire_name!r}")


class MalformedEvent(RecordError):
    """The stored data of an event does not have the shape that its wire name promises."""

    def __init__(self, wire_name: str, reason: str) -> None:
        self.wire_name = wire_name
        self.reason = reason
        super().__init__(f"{wire_name} is malformed: {reason}")


class RegistrationError(CqrsError):
    """The application was put together wrongly; raised at start, never later."""


class DuplicateRegistration(RegistrationError):
    """Two parts claim the same command, event, upcaster or worker."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} is registered twice")


class NoHandler(RegistrationError):
    """A command was issued that nobody handles."""

    def __init__(self, command: str) -> None:
        self.command = command
        super().__init__(f"no handler is registered for {command}")


class ConcurrentAppend(CqrsError):
    """Another transaction appended to one of these aggregates first; read it again and decide anew."""

    def __init__(self, aggregate_ids: tuple[UUID, ...]) -> None:
        self.aggregate_ids = aggregate_ids
        super().__init__(f"another append came first on {', '.join(map(str, aggregate_ids))}")


class SubscriptionError(CqrsError):
    """A subscription cannot go on without an operator."""


class UnknownSubscription(SubscriptionError):
    """No subscription of this name has ever run here."""

    def __init__(self, subscription: str) -> None:
        self.subscription = subscription
        super().__init__(f"there is no subscription {subscription!r}")


class ForeignCheckpoint(SubscriptionError):
    """The checkpoint was written on another cluster or lies in this one's future: the database was restored.

    Reading on would skip events in silence. `manage.py rebase_subscription NAME` replays them safely.
    """

    def __init__(self, subscription: str, reason: str) -> None:
        self.subscription = subscription
        self.reason = reason
        super().__init__(
            f"subscription {subscription!r} {reason}; run `manage.py rebase_subscription {subscription}` to replay it"
        )
