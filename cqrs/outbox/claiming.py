"""Claiming events to publish: whose turn it is in each aggregate, for how long, and by whom.

An aggregate is taken up at its oldest waiting event and nowhere else: while that is claimed by another, waits for its
next attempt or is parked, so do all behind it. Whoever has the oldest may claim a run of those that follow.

Two claims may meet. The lock of each event is decided by one write, so none is ever in two of them; and a claim keeps
only what follows without a gap from the event that it found to be the oldest, and gives back the rest.
"""

import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Literal
from uuid import uuid4

import msgspec
import pymongo

from cqrs.broker.mongodb import translated
from cqrs.broker.store import decoded
from cqrs.outbox.queue import FRESH, IS_TAKEABLE, ORDER, OVERDUE, Document, Queue, after_now
from cqrs.outbox.settling import Settling

SECONDS = 10.0

Takes = Literal["fresh", "overdue"]
WANTED: Mapping[Takes, Document] = {"fresh": FRESH, "overdue": OVERDUE}

Run = list[Document]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Runs of events, each of one aggregate in order, that are this process's under `token`.

    `since` is the monotonic time at which it was asked for: the lease began later.
    """

    token: str
    runs: Sequence[Run]
    since: float


class Claiming:
    """Claims events of `queue` for `owner`, round after round through the aggregates. For one thread."""

    def __init__(self, queue: Queue, settling: Settling, *, owner: str, takes: Takes) -> None:
        self._queue = queue
        self._settling = settling
        self._owner = owner
        self._wanted = WANTED[takes]
        self._after = ""

    def next(self, limit: int) -> Claim | None:
        """Claim at most `limit` events and return them; None where there was none to claim. Raises Unavailable."""
        since = time.monotonic()
        with translated(), pymongo.timeout(SECONDS):
            heads = self._heads(limit)
            if not heads:
                return None
            runs = self._runs_from(heads, limit)
            token = uuid4().hex
            claimed = self._lock([event_id for run in runs for event_id in run], token)
        kept = [run for run in (_unbroken(run, claimed) for run in runs) if run]
        strays = claimed.keys() - {event["_id"] for run in kept for event in run}
        self._settling.release(sorted(strays), token)
        return Claim(token=token, runs=kept, since=since) if kept else None

    def _heads(self, limit: int) -> list[Document]:
        """The oldest event of each aggregate where that is to be taken, from where the last round has ended."""
        found = self._heads_after(self._after, limit)
        if not found and self._after:
            found = self._heads_after("", limit)
        self._after = found[-1]["orderingKey"] if len(found) == limit else ""
        return found

    def _heads_after(self, ordering_key: str, limit: int) -> list[Document]:
        # The group is answered from the index, one key for each aggregate, however many events wait behind it.
        stages: list[Document] = [
            {"$match": {"orderingKey": {"$gt": ordering_key}}},
            {"$sort": dict(ORDER)},
            {"$group": {"_id": "$orderingKey", "oldest": {"$first": "$$ROOT"}}},
            {"$replaceRoot": {"newRoot": "$oldest"}},
            {"$match": self._wanted},
            {"$limit": limit},
            {"$project": {"orderingKey": True}},
        ]
        return list(self._queue.events.aggregate(stages))

    def _runs_from(self, heads: Sequence[Document], limit: int) -> list[list[str]]:
        """The ids of each head and of those behind it that may be taken with it."""
        longest = min(self._queue.settings.longest_run, limit // len(heads))
        if longest == 1:
            return [[head["_id"]] for head in heads]
        behind: list[Document] = [
            {"$sort": {"aggregate.sequence": 1}},
            {"$limit": longest},
            {"$project": {"isTakeable": IS_TAKEABLE}},
        ]
        stages: list[Document] = [
            {"$match": {"_id": {"$in": [head["_id"] for head in heads]}}},
            {
                "$lookup": {
                    "from": self._queue.name,
                    "localField": "orderingKey",
                    "foreignField": "orderingKey",
                    "pipeline": behind,
                    "as": "run",
                }
            },
            {"$project": {"run": True}},
        ]
        return [_takeable(found["run"]) for found in self._queue.events.aggregate(stages)]

    def _lock(self, event_ids: Sequence[str], token: str) -> dict[str, Document]:
        """Claim those that nobody was faster with, and return them."""
        lock = {
            "isLocked": True,
            "lockOwner": {"$literal": self._owner},
            "lockToken": token,
            "lockedUntil": after_now(self._queue.settings.lease),
        }
        wanted = {"_id": {"$in": event_ids}, "$expr": IS_TAKEABLE}
        if not self._queue.events.update_many(wanted, [{"$set": lock}]).modified_count:
            return {}
        found = self._queue.raw_events.find({"_id": {"$in": event_ids}, "lockToken": token})
        return {event["_id"]: event for event in map(decoded, found)}


def _takeable(run: Sequence[Document]) -> list[str]:
    return [event["_id"] for event in takewhile(lambda event: event["isTakeable"], run)]


def _unbroken(run: Sequence[str], claimed: Mapping[str, Document]) -> Run:
    return [claimed[event_id] for event_id in takewhile(claimed.__contains__, run)]
