"""A subscription of the event log as the work of a worker."""

from collections.abc import Callable

from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.wakeup import Listener
from cqrs_project import postgres


class Reading:
    """Has the events of a subscription handled as they come; `stopped` is called in the end."""

    def __init__(self, subscription: Subscription, *, stopped: Callable[[], None] = lambda: None) -> None:
        self._subscription = subscription
        self._listener = Listener(postgres.connect)
        self._stopped = stopped

    def step(self) -> bool:
        """Run a batch on every shard that is free. Raises Unavailable."""
        return self._subscription.step()

    def wait(self, seconds: float) -> None:
        """Wait for a hint."""
        self._listener.wait(seconds)

    def close(self) -> None:
        """Give back threads and connections."""
        self._listener.close()
        self._subscription.close()
        self._stopped()
