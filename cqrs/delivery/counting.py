"""Counting a window from the records: always all of it, so that counting again is no counting twice."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from cqrs.delivery.ledger import EXPIRY, PUBLISH_RECORDS, RECEIVED_RECORDS, Ledger
from cqrs.delivery.records import Document, publication_of, receipt_of
from cqrs.delivery.tally import Publication, Receipt, Tally, by_subscription, tally
from cqrs.delivery.window import Windowing

WITHOUT_PAYLOAD = {"payload": 0}
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


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """The records of events that were published in a stretch of time; `documents` are those of the receipts."""

    publications: list[Publication]
    documents: list[Document]


def read(ledger: Ledger, start: int, end: int, session: ClientSession | None = None) -> Records:
    """Return the records of what was published from `start` on and before `end`."""
    wanted = within(start, end)
    publications = ledger.collection(PUBLISH_RECORDS, session).find(wanted, WITHOUT_PAYLOAD, session=session)
    receipts = ledger.collection(RECEIVED_RECORDS, session).find(wanted, session=session)
    return Records(publications=[publication_of(one) for one in publications], documents=list(receipts))


def count(ledger: Ledger, start: int, end: int, session: ClientSession | None = None) -> Counted:
    """Return what the records say of the window from `start` to `end`."""
    records = read(ledger, start, end, session)
    receipts = [receipt_of(document) for document in records.documents]
    subscriptions = {(one.topic, one.event_id): one.subscriptions for one in records.publications}
    traced = [
        Traced(receipt=receipt, trace_id=document["traceID"])
        for receipt, document in zip(receipts, records.documents, strict=True)
        if receipt.subscription in subscriptions.get((receipt.topic, receipt.event_id), ())
    ]
    return Counted(
        start=start,
        end=end,
        records=len(records.publications) + len(receipts),
        topics=tally(records.publications, receipts),
        subscriptions=by_subscription(records.publications, receipts),
        received=tuple(traced),
    )


def number_of_records(ledger: Ledger, start: int, end: int, session: ClientSession) -> int:
    """Return how many records there are of what was published from `start` on and before `end`."""
    return sum(
        ledger.collection(name, session).count_documents(within(start, end), hint=EXPIRY, session=session)
        for name in (PUBLISH_RECORDS, RECEIVED_RECORDS)
    )


def written_since(
    ledger: Ledger, since: int, windowing: Windowing, *, start: int, end: int, session: ClientSession
) -> set[int]:
    """Return which windows have records that were written since then, of the stretch from `start` to `end`."""
    found: set[int] = set()
    at = {"$toLong": "$publishedAt"}
    pipeline: list[Mapping[str, Any]] = [
        {"$match": {"createdAt": {"$gte": moment(since)}, **within(start, end)}},
        {"$group": {"_id": {"$subtract": [at, {"$mod": [at, windowing.size]}]}}},
    ]
    for name in (PUBLISH_RECORDS, RECEIVED_RECORDS):
        groups = ledger.collection(name, session).aggregate(pipeline, hint=WRITTEN, session=session)
        found |= {max(start, int(group["_id"])) for group in groups}
    return found


def first_published(ledger: Ledger, session: ClientSession) -> datetime | None:
    """Return when the oldest event that there is a record of was published; None where there is none."""
    found = ledger.collection(PUBLISH_RECORDS, session).find_one(
        {}, {"publishedAt": 1}, sort=[("publishedAt", ASCENDING)], session=session
    )
    return None if found is None else found["publishedAt"]


def within(start: int, end: int) -> Document:
    """Return the filter for what was published from `start` on and before `end`."""
    return {"publishedAt": {"$gte": moment(start), "$lt": moment(end)}}


def moment(milliseconds: int) -> datetime:
    """Return the date of so many milliseconds since the epoch."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)
