"""Records as tracking writes them, of events of any time, and what a recount over them gives."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cqrs.clock import now
from cqrs.delivery.ledger import PUBLISH_RECORDS, RECEIVED_RECORDS, WINDOWS, Ledger
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import TrackedEvent
from cqrs.delivery.scheduler import Scheduler
from cqrs.delivery.window import Windowing
from tests.delivery.tracked import TOPIC, TRACE
from tests.waiting import wait_until

SHORT = Windowing(size=500, grace=100)
# The receipts of an event by those that it is expected by.
RECEIPTS: dict[str, Any] = {
    "$lookup": {
        "from": RECEIVED_RECORDS,
        "let": {"topic": "$topic", "event": "$eventID", "groups": "$subscriptions"},
        "pipeline": [
            {
                "$match": {
                    "$expr": {
                        "$and": [
                            {"$eq": ["$topic", "$$topic"]},
                            {"$eq": ["$eventID", "$$event"]},
                            {"$in": ["$subscription", "$$groups"]},
                        ]
                    }
                }
            }
        ],
        "as": "receipts",
    }
}


class Recorder:
    """Writes records of events that were published at a moment of the past, the start of a window."""

    def __init__(self, ledger: Ledger, *, before_now: float = 2.0, windowing: Windowing = SHORT) -> None:
        at = round((now() - timedelta(seconds=before_now)).timestamp() * 1000)
        self.start = datetime.fromtimestamp(windowing.start_of(at) / 1000, tz=now().tzinfo)
        self._recording = Recording(ledger)

    def publish(self, *events: str, to: Sequence[str], later: float = 0.0, topic: str = TOPIC) -> None:
        self._recording.write_publications(
            [self._event(event, later, topic) for event in events], status="published", subscriptions=to
        )

    def fail(self, *events: str, later: float = 0.0) -> None:
        self._recording.write_publications([self._event(event, later, TOPIC) for event in events], status="failed")

    def receive(self, *events: str, by: Iterable[str], later: float = 0.0, topic: str = TOPIC) -> None:
        tracked = [self._event(event, later, topic) for event in events]
        for group in by:
            self._recording.receipts_soon(tracked, subscription=group, at=now())
        self._recording.close()

    def _event(self, event: str, later: float, topic: str) -> TrackedEvent:
        at = self.start + timedelta(seconds=later)
        return TrackedEvent(topic=topic, event_id=event, trace_id=TRACE, payload=f'"{event}"', published_at=at)


def run(scheduler: Scheduler) -> None:
    """Have the scheduler count what is due."""
    while scheduler.step():
        pass


def run_until_counted(scheduler: Scheduler, ledger: Ledger, windowing: Windowing = SHORT) -> None:
    """Have it count until the windows are what a recount gives."""

    def is_counted() -> bool:
        run(scheduler)
        return numbers(ledger) == recount(ledger, windowing)

    wait_until(is_counted, "the windows are what a recount gives", 30)


def windows(ledger: Ledger) -> list[dict[str, Any]]:
    return list(ledger.collection(WINDOWS).find().sort([("start", 1), ("topic", 1)]))


def numbers(ledger: Ledger) -> dict[tuple[str, datetime], tuple[int, int, int, int]]:
    """The numbers of the stored windows: events, failed, expected, received."""
    return {
        (one["topic"], one["start"]): (one["events"], one["failed"], one["expected"], one["received"])
        for one in windows(ledger)
    }


def recount(ledger: Ledger, windowing: Windowing = SHORT) -> dict[tuple[str, datetime], tuple[int, int, int, int]]:
    """The same from the raw records, by a query of MongoDB that shares nothing with what is tested."""
    at = {"$toLong": "$publishedAt"}
    found = ledger.collection(PUBLISH_RECORDS).aggregate(
        [
            RECEIPTS,
            {
                "$group": {
                    "_id": {
                        "topic": "$topic",
                        "start": {"$toDate": {"$subtract": [at, {"$mod": [at, windowing.size]}]}},
                    },
                    "events": {"$sum": {"$cond": [{"$eq": ["$status", "published"]}, 1, 0]}},
                    "failed": {"$sum": {"$cond": [{"$eq": ["$status", "failed"]}, 1, 0]}},
                    "expected": {"$sum": {"$size": "$subscriptions"}},
                    "received": {"$sum": {"$size": "$receipts"}},
                }
            },
        ]
    )
    return {
        (one["_id"]["topic"], one["_id"]["start"]): (one["events"], one["failed"], one["expected"], one["received"])
        for one in found
    }
