"""How deliveries and their scheduler are doing, from what is stored, for metrics."""

import pymongo

from cqrs.broker.mongodb import translated
from cqrs.delivery.ledger import STATE, WINDOWS, Ledger
from cqrs.delivery.position import POSITION
from cqrs.delivery.records import milliseconds
from cqrs.delivery.stored_windows import newest
from cqrs.delivery.window import Windowing

# Whoever scrapes waits ten seconds at most, and wants the other metrics.
SECONDS = 2.0


def newest_rates(ledger: Ledger) -> dict[str, float]:
    """Return by topic the rate of the newest window in which something was expected. Raises Unavailable."""
    with translated(), pymongo.timeout(SECONDS):
        found = [newest(ledger, topic) for topic in ledger.collection(WINDOWS).distinct("topic")]
    return {window.topic: window.tally.rate for window in found if window is not None and window.tally.rate is not None}


def overdue_seconds(ledger: Ledger, windowing: Windowing) -> float | None:
    """Return for how long the next window could have been counted by MongoDB's clock, 0 where it is not due yet.

    None where no scheduler has ever begun. Raises Unavailable.
    """
    with translated(), pymongo.timeout(SECONDS):
        position = ledger.collection(STATE).find_one(
            {**POSITION, "next": {"$exists": True}}, {"next": 1, "at": "$$NOW"}
        )
    if position is None:
        return None
    due = windowing.end_of(milliseconds(position["next"])) + windowing.grace
    return max(0, milliseconds(position["at"]) - due) / 1000
