"""The retry job: what has failed, and what was taken up and not finished."""

import time

from cqrs.outbox.notices import Notices
from cqrs.outbox.outbox import Outbox
from cqrs.outbox.publishing import GivingUp
from cqrs.outbox.relay import Relay
from cqrs.publishers.publisher import Publisher

INTERVAL_SECONDS = 5.0


class RetryJob:
    """Publishes what is overdue of `outbox` every `interval` seconds, and tells of parked events: the work of a worker.

    Any number of them may work at once, beside any number of relays. `giving_up` is as that of a relay.
    """

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        *,
        notices: Notices | None = None,
        interval: float = INTERVAL_SECONDS,
        worker: str | None = None,
        giving_up: GivingUp | None = None,
    ) -> None:
        self._relay = Relay(outbox, publisher, takes="overdue", worker=worker, giving_up=giving_up)
        self._notices = notices
        self._interval = interval
        self._due = time.monotonic()

    def step(self) -> bool:
        """Publish a batch where the interval is over; say whether there may be more. Raises Unavailable."""
        if time.monotonic() < self._due:
            return False
        if self._relay.step():
            return True
        self._send_notices()
        self._due = time.monotonic() + self._interval
        return False

    def once(self) -> None:
        """Publish all that is overdue now, and tell of what is parked. Raises Unavailable."""
        while self._relay.step():
            pass
        self._send_notices()

    def wait(self, seconds: float) -> None:
        """Wait."""
        self._relay.wait(seconds)

    def close(self) -> None:
        """Close the publisher."""
        self._relay.close()

    def _send_notices(self) -> None:
        if self._notices is not None:
            self._notices.send_due()
