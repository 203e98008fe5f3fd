"""Records as MongoDB keeps them: a page for the events of a batch, with a column for each thing that is known of them.

A document for each record would cost more than the message that it is about. Written a page at a time, a hundred
records cost about what one does. The events of a page are of one topic and were published within a second from `first`
on, so that a window of time is found by an index on `first` alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bson import ObjectId

from cqrs.delivery.records import Document, Publishing, Received, Status, TrackedEvent

SPREAD = timedelta(seconds=1)
MOST_EVENTS = 1000
# Characters of payload. Each may be four bytes, and a document holds 16 MB at most.
LARGEST = 3_000_000


def publication_pages(
    events: Sequence[TrackedEvent], *, status: Status, subscriptions: Iterable[str]
) -> Iterator[Document]:
    """Yield the pages that hold what came of publishing these events; one that is there twice is one publication."""
    expected = list(subscriptions)
    distinct = _distinct(events)
    for places in _divided(distinct):
        page = [distinct[place] for place in places]
        yield {
            **_columns(page),
            "payloads": [event.payload for event in page],
            "status": status,
            "subscriptions": expected,
        }


def receipt_pages(receipts: Sequence[Received]) -> Iterator[Document]:
    """Yield the pages that hold these receipts."""
    by_subscription: dict[str, list[Received]] = {}
    for receipt in receipts:
        by_subscription.setdefault(receipt.subscription, []).append(receipt)
    for subscription, of_one in by_subscription.items():
        events = [receipt.event for receipt in of_one]
        for places in _divided(events):
            page = [events[place] for place in places]
            received_at = [of_one[place].at for place in places]
            yield {**_columns(page), "receivedAts": received_at, "subscription": subscription}


def pages_of_publishing(publishing: Iterable[Publishing]) -> Iterator[Document]:
    """Yield the pages that hold what came of publishing all these."""
    kinds: dict[tuple[Status, tuple[str, ...]], list[TrackedEvent]] = {}
    for one in publishing:
        kinds.setdefault((one.status, one.subscriptions), []).append(one.event)
    for (status, subscriptions), events in kinds.items():
        yield from publication_pages(events, status=status, subscriptions=subscriptions)


def first_within(start: datetime, end: datetime) -> Document:
    """Return the filter for the pages that may hold events that were published from `start` on and before `end`."""
    return {"first": {"$gt": start - SPREAD, "$lt": end}}


def _columns(events: Sequence[TrackedEvent]) -> Document:
    moments = [event.published_at for event in events]
    return {
        "_id": ObjectId(),
        "topic": events[0].topic,
        "first": min(moments),
        "eventIDs": [event.event_id for event in events],
        "traceIDs": [event.trace_id for event in events],
        "publishedAts": moments,
    }


def _distinct(events: Sequence[TrackedEvent]) -> Sequence[TrackedEvent]:
    names = [(event.topic, event.event_id) for event in events]
    if len(set(names)) == len(names):
        return events
    distinct: dict[tuple[str, str], TrackedEvent] = {}
    for name, event in zip(names, events, strict=True):
        distinct.setdefault(name, event)
    return list(distinct.values())


def _divided(events: Sequence[TrackedEvent]) -> Iterator[Sequence[int]]:
    """Yield the places of the events of each page."""
    if _is_a_page(events):
        yield range(len(events))
        return
    topics: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        topics.setdefault(event.topic, []).append(place)
    for places in topics.values():
        yield from _pages(events, sorted(places, key=lambda place: events[place].published_at))


def _is_a_page(events: Sequence[TrackedEvent]) -> bool:
    """Whether they fit into one: they nearly always do, and looking at each by itself takes longer."""
    if not 0 < len(events) <= MOST_EVENTS or len({event.topic for event in events}) > 1:
        return False
    moments = [event.published_at for event in events]
    return max(moments) - min(moments) < SPREAD and sum(len(event.payload) for event in events) <= LARGEST


def _pages(events: Sequence[TrackedEvent], places: Iterable[int]) -> Iterator[list[int]]:
    page: list[int] = []
    size = 0
    for place in places:
        event = events[place]
        size += len(event.payload)
        is_late = page and event.published_at - events[page[0]].published_at >= SPREAD
        if page and (is_late or len(page) == MOST_EVENTS or size > LARGEST):
            yield page
            page, size = [], len(event.payload)
        page.append(place)
    if page:
        yield page
