"""Publishing a claim, as much of it at once as the lease allows, and then settling it."""

import logging
import math
import time
from collections.abc import Callable, Sequence

from cqrs.errors import Unavailable
from cqrs.outbox import metrics
from cqrs.outbox.claiming import Claim, Run
from cqrs.outbox.queue import Document, Queue
from cqrs.outbox.settling import Failed, Settling
from cqrs.outbox.stored import outgoing_of
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Publisher, Refused, Withheld, is_any_known

logger = logging.getLogger(__name__)

GivingUp = Callable[[Sequence[OutgoingEvent]], None]


class Publishing:
    """Publishes one claim through `publisher`. Made for each; for one thread.

    A claim is renewed when half of its lease has passed; what was published by then is deleted first, so that less
    comes again after a crash. Where it turns out to be lost, nothing more of it is published.

    `giving_up` is told of events that are about to be parked; again where parking them does not succeed.
    """

    def __init__(
        self,
        claim: Claim,
        publisher: Publisher,
        settling: Settling,
        *,
        queue: Queue,
        giving_up: GivingUp | None = None,
    ) -> None:
        self._token = claim.token
        self._runs: list[Run] = [list(run) for run in claim.runs]
        self._publisher = publisher
        self._settling = settling
        self._giving_up = giving_up
        self._lease = queue.settings.lease
        self._renewed = claim.since
        self._outbox = queue.full_name
        self._published: list[str] = []
        self._failed: list[Failed] = []
        self._given_up: list[OutgoingEvent] = []
        self._held_back: list[str] = []
        # The destination has begun nothing in the time that there was.
        self._is_stalled = False

    def run(self) -> None:
        """Publish all that can be. Raises Unavailable where the destination or MongoDB is away.

        Whatever happens, what is known of each event is settled; the rest is given back.
        """
        try:
            while self._runs and self._is_held():
                self._publish()
        finally:
            self._held_back += [event["_id"] for run in self._runs for event in run]
            self._settle()

    def _publish(self) -> None:
        # One that is that slow is given a wave at a time, however long it takes.
        longest, until = (1, math.inf) if self._is_stalled else (None, self._renewed + self._lease / 2)
        given = [(run, outgoing_of(event)) for run in self._runs for event in run[:longest]]
        outcomes = self._outcomes([event for _, event in given], until)
        for (run, event), outcome in zip(given, outcomes, strict=True):
            self._note(run, event, outcome)
        self._is_stalled = not is_any_known(outcomes)
        self._runs = [run for run in self._runs if run]

    def _note(self, run: Run, event: OutgoingEvent, outcome: Outcome) -> None:
        if isinstance(outcome, Withheld):
            return
        stored = run.pop(0)
        if isinstance(outcome, Refused):
            self._refused(_failed(stored, outcome), event)
            # Those behind it wait until it is published, or discarded by a human.
            self._held_back += [later["_id"] for later in run]
            run.clear()
        else:
            self._published.append(event.event_id)
            metrics.DUPLICATES.labels(self._outbox).inc(outcome.duplicate)

    def _refused(self, failed: Failed, event: OutgoingEvent) -> None:
        self._failed.append(failed)
        if self._settling.is_last(failed):
            self._given_up.append(event)

    def _outcomes(self, events: Sequence[OutgoingEvent], until: float) -> Sequence[Outcome]:
        # Nothing is begun when the claim has to be renewed: who is frozen meanwhile finds that the time is up.
        try:
            return self._publisher.publish(events, seconds=until - time.monotonic())
        except Unavailable:
            raise
        except Exception:
            # One event that the publisher stumbles over must not hold back all others for ever.
            logger.exception("publisher failed, trying the events one by one", extra={"outbox": self._outbox})
            return self._one_by_one(events, until)

    def _one_by_one(self, events: Sequence[OutgoingEvent], until: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        stopped: set[str] = set()
        for event in events:
            is_late = time.monotonic() >= until
            outcome = Withheld() if is_late or event.ordering_key in stopped else self._alone(event)
            if not isinstance(outcome, Published):
                stopped.add(event.ordering_key)
            outcomes.append(outcome)
        return outcomes

    def _alone(self, event: OutgoingEvent) -> Outcome:
        try:
            return self._publisher.publish([event])[0]
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - held against the event that causes it
            return Refused(error=str(error), code=type(error).__name__)

    def _is_held(self) -> bool:
        """Whether the claim holds for another wave."""
        now = time.monotonic()
        if now - self._renewed < self._lease / 2:
            return True
        self._settle()
        left = [event["_id"] for run in self._runs for event in run]
        if self._settling.renew(left, self._token):
            self._renewed = now
            return True
        logger.warning("claim lost", extra={"outbox": self._outbox, "events": len(left)})
        return False

    def _settle(self) -> None:
        published, self._published = self._published, []
        failed, self._failed = self._failed, []
        given_up, self._given_up = self._given_up, []
        held_back, self._held_back = self._held_back, []
        self._settling.delete(published, self._token)
        if given_up and self._giving_up is not None:
            # Before it is done: whoever dies in between is told of them again.
            self._giving_up(given_up)
        parked = self._settling.fail(failed, self._token)
        self._settling.release(held_back, self._token)
        metrics.PUBLISHED.labels(self._outbox).inc(len(published))
        metrics.FAILURES.labels(self._outbox).inc(len(failed))
        metrics.PARKED.labels(self._outbox).inc(len(parked))
        for failure in failed:
            self._log(failure, is_parked=failure.event_id in parked)

    def _log(self, failed: Failed, *, is_parked: bool) -> None:
        fields = {
            "outbox": self._outbox,
            "event_id": failed.event_id,
            "code": failed.type,
            "attempts": failed.attempt,
        }
        if is_parked:
            logger.error("event parked", extra=fields)
        else:
            logger.warning("event refused", extra=fields)


def _failed(event: Document, refused: Refused) -> Failed:
    return Failed(event_id=event["_id"], error=refused.error, type=refused.code, attempt=event["attempts"] + 1)
