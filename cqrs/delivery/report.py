"""What the stored windows say: page by page, summed up, and which deliveries are missing."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import pymongo
from pymongo import ASCENDING, DESCENDING

from cqrs.broker.mongodb import translated
from cqrs.delivery.counting import Details, read
from cqrs.delivery.ledger import WINDOWS, Ledger
from cqrs.delivery.records import Document, milliseconds
from cqrs.delivery.stored_windows import StoredWindow, from_document
from cqrs.delivery.tally import Receipt, Tally, missing

# Seconds; after that whoever waits is told to come back later.
PATIENCE = 5.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries: of a topic, for a subscription, of windows that start from `since` on and before `until`."""

    topic: str | None = None
    subscription: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was expected and has not been received; `window` is the start of its window."""

    window: datetime
    topic: str
    subscription: str
    event_id: str
    trace_id: str | None
    published_at: datetime


class Report:
    """Reads from `ledger`. All methods raise Unavailable. For any thread."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def windows(self, wanted: Wanted, *, limit: int, after: tuple[datetime, str] | None = None) -> list[StoredWindow]:
        """Return at most `limit` windows, newest first and topics in order, behind the start and topic of `after`.

        With a subscription the numbers are those of that subscription.
        """
        with translated(), pymongo.timeout(PATIENCE):
            found = self._find({**_filter(wanted), **_behind(after)}).limit(limit)
            return [_of_subscription(from_document(document), wanted.subscription) for document in found]

    def summary(self, wanted: Wanted) -> dict[str, Tally]:
        """Return the sums of all windows by topic."""
        sums: dict[str, Tally] = {}
        with translated(), pymongo.timeout(PATIENCE):
            for document in self._find(_filter(wanted)):
                window = _of_subscription(from_document(document), wanted.subscription)
                sums[window.topic] = sums.get(window.topic, Tally()) + window.tally
        return dict(sorted(sums.items()))

    def missed(self, wanted: Wanted, *, limit: int, after: Missed | None = None) -> list[Missed]:
        """Return at most `limit` deliveries that are missing, those of the newest window first, behind `after`.

        A delivery that has come since its window was counted is not missing any more.
        """
        found: list[Missed] = []
        with translated(), pymongo.timeout(PATIENCE):
            start = None if after is None else (after.window, after.topic)
            for window in self._incomplete(wanted, start):
                lacking = self._missing_in(window, wanted.subscription)
                is_first = (window.start, window.topic) == start
                found += [one for one in lacking if not is_first or after is None or _place(one) > _place(after)]
                if len(found) >= limit:
                    break
        return found[:limit]

    def _incomplete(self, wanted: Wanted, start: tuple[datetime, str] | None) -> Iterator[StoredWindow]:
        which = {**_filter(wanted), "missed": {"$gt": 0}, **_behind(start, with_it=True)}
        return (from_document(document) for document in self._find(which))

    def _missing_in(self, window: StoredWindow, subscription: str | None) -> Iterator[Missed]:
        records = read(self._ledger, milliseconds(window.start), milliseconds(window.end), topic=window.topic)
        for receipt in sorted(missing(records.publications, records.receipts), key=_place):
            if subscription in {None, receipt.subscription}:
                yield _missed(window, receipt, records.details[receipt.topic, receipt.event_id])

    def _find(self, which: Document) -> pymongo.cursor.Cursor[Document]:
        return self._ledger.collection(WINDOWS).find(which).sort([("start", DESCENDING), ("topic", ASCENDING)])


def _filter(wanted: Wanted) -> Document:
    which: Document = {}
    if wanted.topic is not None:
        which["topic"] = {"$eq": wanted.topic}
    if wanted.subscription is not None:
        which["subscriptions.name"] = {"$eq": wanted.subscription}
    times = {"$gte": wanted.since, "$lt": wanted.until}
    if given := {operator: time for operator, time in times.items() if time is not None}:
        which["start"] = given
    return which


def _behind(after: tuple[datetime, str] | None, *, with_it: bool = False) -> Document:
    if after is None:
        return {}
    start, topic = after
    return {"$or": [{"start": {"$lt": start}}, {"start": start, "topic": {"$gte" if with_it else "$gt": topic}}]}


def _of_subscription(window: StoredWindow, subscription: str | None) -> StoredWindow:
    if subscription is None:
        return window
    tally = window.subscriptions[subscription]
    return msgspec.structs.replace(window, tally=tally, subscriptions={subscription: tally})


def _place(one: Missed | Receipt) -> tuple[str, str]:
    return one.event_id, one.subscription


def _missed(window: StoredWindow, receipt: Receipt, details: Details) -> Missed:
    return Missed(
        window=window.start,
        topic=receipt.topic,
        subscription=receipt.subscription,
        event_id=receipt.event_id,
        trace_id=details.trace_id,
        published_at=details.published_at,
    )
