"""Records as MongoDB keeps them: a page for the events of a batch, with a column for each thing that is known of them.

A document for each record would cost more than the message that it is about. Written a page at a time, a hundred
records cost about what one does. The events of a page are of one topic and were published within a second from `first`
on, so that a window of time is found by an index on `first` alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bson import ObjectId

from cqrs.delivery.records import Document, Publishing, Received, Status, TrackedEvent

T = TypeVar("T")

SPREAD = timedelta(seconds=1)
MOST_EVENTS = 1000
# Characters of payload. Each may be four bytes, and a document holds 16 MB at most.
LARGEST = 3_000_000


def publication_pages(
    events: Iterable[TrackedEvent], *, status: Status, subscriptions: Iterable[str]
) -> Iterator[Document]:
    """Yield the pages that hold what came of publishing these events; one that is there twice is one publication."""
    expected = list(subscriptions)
    distinct: dict[tuple[str, str], TrackedEvent] = {}
    for event in events:
        distinct.setdefault((event.topic, event.event_id), event)
    for page in _divided(distinct.values(), _itself):
        yield {
            **_columns(page),
            "payloads": [event.payload for event in page],
            "status": status,
            "subscriptions": expected,
        }


def pages_of_publishing(publishing: Iterable[Publishing]) -> Iterator[Document]:
    """Yield the pages that hold what came of publishing all these."""
    kinds: dict[tuple[Status, tuple[str, ...]], list[TrackedEvent]] = {}
    for one in publishing:
        kinds.setdefault((one.status, one.subscriptions), []).append(one.event)
    for (status, subscriptions), events in kinds.items():
        yield from publication_pages(events, status=status, subscriptions=subscriptions)


def receipt_pages(receipts: Iterable[Received]) -> Iterator[Document]:
    """Yield the pages that hold these receipts."""
    by_subscription: dict[str, list[Received]] = {}
    for receipt in receipts:
        by_subscription.setdefault(receipt.subscription, []).append(receipt)
    for subscription, of_one in by_subscription.items():
        for page in _divided(of_one, _event_of):
            yield {
                **_columns([receipt.event for receipt in page]),
                "receivedAts": [receipt.at for receipt in page],
                "subscription": subscription,
            }


def first_within(start: datetime, end: datetime) -> Document:
    """Return the filter for the pages that may hold events that were published from `start` on and before `end`."""
    return {"first": {"$gt": start - SPREAD, "$lt": end}}


def _columns(events: Sequence[TrackedEvent]) -> Document:
    return {
        "_id": ObjectId(),
        "topic": events[0].topic,
        "first": events[0].published_at,
        "eventIDs": [event.event_id for event in events],
        "traceIDs": [event.trace_id for event in events],
        "publishedAts": [event.published_at for event in events],
    }


def _divided(items: Iterable[T], event_of: Callable[[T], TrackedEvent]) -> Iterator[list[T]]:
    """Yield the items page by page, those of a topic in the order of their moments."""
    topics: dict[str, list[T]] = {}
    for item in items:
        topics.setdefault(event_of(item).topic, []).append(item)
    for of_topic in topics.values():
        yield from _pages(sorted(of_topic, key=lambda item: event_of(item).published_at), event_of)


def _pages(items: list[T], event_of: Callable[[T], TrackedEvent]) -> Iterator[list[T]]:
    page: list[T] = []
    end, size = event_of(items[0]).published_at + SPREAD, 0
    for item in items:
        event = event_of(item)
        size += len(event.payload)
        if page and (event.published_at >= end or len(page) == MOST_EVENTS or size > LARGEST):
            yield page
            page, size = [], len(event.payload)
            end = event.published_at + SPREAD
        page.append(item)
    yield page


def _itself(event: TrackedEvent) -> TrackedEvent:
    return event


def _event_of(receipt: Received) -> TrackedEvent:
    return receipt.event
