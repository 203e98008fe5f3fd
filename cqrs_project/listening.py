"""A listener of NATS as the work of a worker."""

import time
from collections.abc import Callable

from cqrs.publishers.jetstream.listener import Listener
from cqrs.web.metrics import Readings, register_gauge

BeforeListening = Callable[[], None]


class Listening:
    """Has the events of a stream handled.

    The listener works in threads of its own, through every outage. What is left to the worker is to start it, and to
    stop it in the end. `before` is called until it succeeds, and only then is the listener started.
    """

    def __init__(self, service: str, listener: Listener, before: BeforeListening | None = None) -> None:
        self._service = service
        self._listener = listener
        self._before = before

    def step(self) -> bool:
        """Start the listener, unless it runs. Raises Unavailable where what comes before it is not possible yet."""
        if self._before is not None:
            self._before()
            self._before = None
        self._listener.start()
        return False

    def wait(self, seconds: float) -> None:
        """Let the listener's threads work."""
        time.sleep(seconds)

    def close(self) -> None:
        """Finish what is in hand and leave the rest to others."""
        self._listener.stop()

    def unhandled(self) -> Readings:
        """Return how many events the service has still to handle. Raises Unavailable."""
        return {(self._service,): self._listener.unhandled()}

    def dead_letters(self) -> Readings:
        """Return how many events the service has parked. Raises Unavailable."""
        return {(self._service,): self._listener.dead_letters()}


def register_listener_gauges(listening: Listening) -> None:
    """Measure at each scrape how far the service is behind, and what it has given up.

    Raises ValueError where that is registered already.
    """
    register_gauge(
        "cqrs_listener_unhandled_events",
        "Events that the service has not handled yet.",
        listening.unhandled,
        labels=("service",),
    )
    register_gauge(
        "cqrs_listener_dead_letters",
        "Events that the service could not handle and has parked, with those that wait behind them.",
        listening.dead_letters,
        labels=("service",),
    )
