"""Counting a window from the records: always all of it, so that counting again is no counting twice."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from pymongo import ASCENDING

from cqrs.delivery.ledger import EXPIRY, PUBLISH_PAGES, RECEIVED_PAGES, Ledger
from cqrs.delivery.pages import SPREAD, first_within
from cqrs.delivery.records import Document, milliseconds
from cqrs.delivery.tally import Publication, Receipt, Tally, by_subscription, by_topic, expected_of
from cqrs.delivery.window import Windowing

WITHOUT_PAYLOADS = {"payloads": 0}
WRITTEN = "written"


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that was expected, and the trace of its event."""

    receipt: Receipt
    trace_id: str | None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What the records say of the window from `start` to `end`, and how many `records` those were."""

    start: int
    end: int
    records: int
    topics: Mapping[str, Tally]
    subscriptions: Mapping[tuple[str, str], Tally]
    received: tuple[Traced, ...]

    @property
    def total(self) -> Tally:
        """All topics together."""
        return sum(self.topics.values(), Tally())


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a publication beside what is counted."""

    trace_id: str | None
    published_at: datetime


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """The records of events that were published in a stretch of time, and the details of events by topic and id."""

    publications: list[Publication]
    receipts: list[Receipt]
    details: dict[tuple[str, str], Details]

    @property
    def number(self) -> int:
        """How many records there are."""
        return len(self.publications) + len(self.receipts)


def read(ledger: Ledger, start: int, end: int, *, topic: str | None = None) -> Records:
    """Return the records of what was published from `start` on and before `end`, of one topic where one is named."""
    records = Records(publications=[], receipts=[], details={})
    of_topic: Document = {} if topic is None else {"topic": {"$eq": topic}}
    which = {**pages_within(start, end), **of_topic}
    for page in ledger.collection(PUBLISH_PAGES).find(which, WITHOUT_PAYLOADS):
        topic, status, subscriptions = page["topic"], page["status"], tuple(page["subscriptions"])
        for event_id, trace_id, at in _rows(page, start, end):
            records.publications.append(
                Publication(topic=topic, event_id=event_id, subscriptions=subscriptions, status=status)
            )
            records.details.setdefault((topic, event_id), Details(trace_id=trace_id, published_at=at))
    for page in ledger.collection(RECEIVED_PAGES).find(which):
        topic, subscription = page["topic"], page["subscription"]
        records.receipts.extend(
            Receipt(topic=topic, event_id=event_id, subscription=subscription)
            for event_id, _, _ in _rows(page, start, end)
        )
    return records


def count(ledger: Ledger, start: int, end: int) -> Counted:
    """Return what the records say of the window from `start` to `end`."""
    records = read(ledger, start, end)
    expected = expected_of(records.publications)
    received = dict.fromkeys(receipt for receipt in records.receipts if receipt in expected)
    subscriptions = by_subscription(records.publications, records.receipts)
    return Counted(
        start=start,
        end=end,
        records=records.number,
        topics=by_topic(records.publications, subscriptions),
        subscriptions=subscriptions,
        received=tuple(
            Traced(receipt=receipt, trace_id=records.details[receipt.topic, receipt.event_id].trace_id)
            for receipt in received
        ),
    )


def number_of_records(ledger: Ledger, start: int, end: int) -> int:
    """Return how many records there are of what was published from `start` on and before `end`."""
    inside = {"$and": [{"$gte": ["$$at", moment(start)]}, {"$lt": ["$$at", moment(end)]}]}
    of_page = {"$size": {"$filter": {"input": "$publishedAts", "as": "at", "cond": inside}}}
    pipeline: list[Mapping[str, Any]] = [
        {"$match": pages_within(start, end)},
        {"$group": {"_id": None, "records": {"$sum": of_page}}},
    ]
    found = [
        counted["records"]
        for name in (PUBLISH_PAGES, RECEIVED_PAGES)
        for counted in ledger.collection(name).aggregate(pipeline, hint=EXPIRY)
    ]
    return sum(found)


def written_since(ledger: Ledger, since: int, windowing: Windowing, *, start: int, end: int) -> set[int]:
    """Return which windows have records that were written since then, of the stretch from `start` to `end`."""
    found: set[int] = set()
    at = {"$toLong": "$publishedAts"}
    pipeline: list[Mapping[str, Any]] = [
        {"$match": {"createdAt": {"$gte": moment(since)}, **pages_within(start, end)}},
        {"$project": {"publishedAts": 1}},
        {"$unwind": "$publishedAts"},
        {"$match": {"publishedAts": {"$gte": moment(start), "$lt": moment(end)}}},
        {"$group": {"_id": {"$subtract": [at, {"$mod": [at, windowing.size]}]}}},
    ]
    for name in (PUBLISH_PAGES, RECEIVED_PAGES):
        groups = ledger.collection(name).aggregate(pipeline, hint=WRITTEN)
        found |= {max(start, int(group["_id"])) for group in groups}
    return found


def first_published(ledger: Ledger, *, since: int | None = None) -> int | None:
    """Return a time before which no event was published from `since` on; None where none was at all."""
    which = {} if since is None else {"first": {"$gt": moment(since) - SPREAD}}
    found = ledger.collection(PUBLISH_PAGES).find_one(which, {"first": 1}, sort=[("first", ASCENDING)])
    return None if found is None else milliseconds(found["first"])


def pages_within(start: int, end: int) -> Document:
    """Return the filter for the pages that may hold what was published from `start` on and before `end`."""
    return first_within(moment(start), moment(end))


def moment(milliseconds: int) -> datetime:
    """Return the date of so many milliseconds since the epoch."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)


def _rows(page: Document, start: int, end: int) -> Iterator[tuple[str, str | None, datetime]]:
    """Yield event, trace and moment of what is within the stretch; the page may reach beyond it."""
    first, last = moment(start), moment(end)
    rows = zip(page["eventIDs"], page["traceIDs"], page["publishedAts"], strict=True)
    return (row for row in rows if first <= row[2] < last)
