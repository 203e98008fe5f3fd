"""The relay: from the events collection to a publisher."""

import os
import socket

from cqrs.errors import Unavailable
from cqrs.outbox.claiming import Claim, Claiming, Takes
from cqrs.outbox.doorbell import Doorbell
from cqrs.outbox.outbox import Outbox
from cqrs.outbox.publishing import GivingUp, Publishing
from cqrs.outbox.settling import Settling
from cqrs.publishers.publisher import Publisher


class Relay:
    """Publishes events of `outbox` through `publisher`, as the work of a worker.

    `takes` is `fresh` for a relay, which is woken by new events and takes what nobody has taken up yet, and `overdue`
    for a retry job, which takes what has failed and is due, and what somebody has taken up and not finished. Any number
    of both may work at once. `giving_up` is told of events before they are parked, at least once; what it raises puts
    the parking off.
    """

    def __init__(
        self,
        outbox: Outbox,
        publisher: Publisher,
        *,
        takes: Takes,
        worker: str | None = None,
        giving_up: GivingUp | None = None,
    ) -> None:
        queue = outbox.queue
        self._queue = queue
        self._publisher = publisher
        self._giving_up = giving_up
        owner = worker or f"{socket.gethostname()}-{os.getpid()}"
        self._settling = Settling(queue, worker=owner)
        self._claiming = Claiming(queue, self._settling, owner=owner, takes=takes)
        self._doorbell = Doorbell(queue)
        self._is_woken = takes == "fresh"
        self._was_away = False

    def step(self) -> bool:
        """Claim a batch, publish and settle it; say whether there was one.

        Raises Unavailable where MongoDB or the destination is away: no event is blamed for that. The first attempt
        after it is with a single event.
        """
        claim = self._claiming.next(1 if self._was_away else self._queue.settings.batch)
        if claim is None:
            return False
        try:
            self._publishing(claim).run()
        except Unavailable:
            self._was_away = True
            raise
        self._was_away = False
        return True

    def wait(self, seconds: float) -> None:
        """Return when an event may have come, after `seconds` at the latest."""
        if self._is_woken:
            self._doorbell.listen()
        self._doorbell.wait(seconds)

    def wake(self) -> None:
        """Have `wait` return. Safe from any thread and from a signal handler."""
        self._doorbell.ring()

    def close(self) -> None:
        """Hear nothing any more, and close the publisher."""
        self._doorbell.close()
        self._publisher.close()

    def _publishing(self, claim: Claim) -> Publishing:
        return Publishing(claim, self._publisher, self._settling, queue=self._queue, giving_up=self._giving_up)
