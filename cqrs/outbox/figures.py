"""How an outbox is doing, for metrics and health."""

import msgspec
import pymongo

from cqrs.broker.mongodb import translated
from cqrs.outbox.parked import IS_PARKED
from cqrs.outbox.queue import FAILED, HAS_FAILED, Queue

# Whoever scrapes waits ten seconds at most, and wants the other metrics.
SECONDS = 2.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How many events wait, and of these how many have failed, and how many are parked."""

    waiting: int
    failing: int
    parked: int


def measure(queue: Queue) -> Figures:
    """Return the figures of now. Raises Unavailable."""
    with translated(), pymongo.timeout(SECONDS):
        parked = queue.events.count_documents(IS_PARKED, hint=FAILED)
        return Figures(
            waiting=queue.events.estimated_document_count(),
            failing=queue.events.count_documents(HAS_FAILED, hint=FAILED) - parked,
            parked=parked,
        )


def oldest_seconds(queue: Queue) -> float:
    """Return the age of the oldest waiting event by the server's clock, 0 where none waits. Raises Unavailable."""
    age = {"$divide": [{"$subtract": ["$$NOW", "$createdAt"]}, 1000]}
    with translated(), pymongo.timeout(SECONDS):
        oldest = queue.events.aggregate(
            [{"$sort": {"createdAt": 1, "_id": 1}}, {"$limit": 1}, {"$project": {"age": age}}]
        )
        return next((float(event["age"]) for event in oldest), 0.0)
