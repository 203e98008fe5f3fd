"""Writing records: at once, in somebody's transaction, or within half a second."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from cqrs.broker.mongodb import translated_outside
from cqrs.delivery.batched_writes import BatchedWrites
from cqrs.delivery.ledger import PUBLISH_PAGES, RECEIVED_PAGES, Ledger
from cqrs.delivery.pages import pages_of_publishing, publication_pages, receipt_pages
from cqrs.delivery.records import Document, Publishing, Received, Status, TrackedEvent


class Page(NamedTuple):
    """A page and the collection that it belongs to."""

    collection: str
    document: Document


class Recording:
    """Writes to `ledger`. For any thread; what was put off is written when it is closed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._later: BatchedWrites[Publishing | Received, Page] = BatchedWrites(_pages, self._write)

    def write_publications(
        self, events: Sequence[TrackedEvent], *, status: Status, subscriptions: Iterable[str] = ()
    ) -> None:
        """Record what came of publishing the events; `subscriptions` are to receive them. Raises Unavailable."""
        pages = publication_pages(events, status=status, subscriptions=subscriptions)
        self._write([Page(PUBLISH_PAGES, document) for document in pages])

    def insert_publications(
        self, events: Sequence[TrackedEvent], subscriptions: Iterable[str], session: ClientSession
    ) -> None:
        """Record in a transaction that the events are published, where MongoDB's clock gave them their moments."""
        pages = list(publication_pages(events, status="published", subscriptions=subscriptions))
        for page in pages:
            page["createdAt"] = max(page["publishedAts"])
        self._insert(PUBLISH_PAGES, pages, session)

    def publications_soon(self, publishing: Iterable[Publishing]) -> None:
        """Record soon what came of publishing events; a process that is killed before loses that."""
        self._later.add(publishing)

    def write_receipts(
        self, events: Iterable[TrackedEvent], *, subscription: str, at: datetime, session: ClientSession
    ) -> None:
        """Record in the session's transaction that the subscription has handled the events."""
        pages = _pages([Received(event=event, subscription=subscription, at=at) for event in events])
        server = session.operation_time
        if server is None:
            self._write(pages, session)
            return
        # What the server has said last of its clock, in seconds: near enough to find what was written lately.
        created_at = max(at, datetime.fromtimestamp(server.time, UTC))
        self._insert(RECEIVED_PAGES, [{**page.document, "createdAt": created_at} for page in pages], session)

    def receipts_soon(self, events: Iterable[TrackedEvent], *, subscription: str, at: datetime) -> None:
        """Record soon that the subscription has handled the events; a process that is killed before loses that."""
        self._later.add(Received(event=event, subscription=subscription, at=at) for event in events)

    def close(self) -> None:
        """Write what was put off."""
        self._later.close()

    def _insert(self, collection: str, pages: list[Document], session: ClientSession) -> None:
        if pages:
            # The plain command: the driver's own way would look at each of them once more.
            self._ledger.command({"insert": collection, "documents": pages}, session)

    def _write(self, pages: Sequence[Page], session: ClientSession | None = None) -> None:
        with translated_outside(session):
            for name in (PUBLISH_PAGES, RECEIVED_PAGES):
                changes = [_once(page.document) for page in pages if page.collection == name]
                if changes:
                    self._ledger.collection(name, session).bulk_write(changes, ordered=False, session=session)


def _pages(records: Iterable[Publishing | Received]) -> list[Page]:
    records = list(records)
    publishing = pages_of_publishing(record for record in records if isinstance(record, Publishing))
    receipts = receipt_pages([record for record in records if isinstance(record, Received)])
    return [
        *(Page(PUBLISH_PAGES, document) for document in publishing),
        *(Page(RECEIVED_PAGES, document) for document in receipts),
    ]


def _once(page: Document) -> UpdateOne:
    """Return the write of a page at the server's time; writing it again changes nothing."""
    content = {name: value for name, value in page.items() if name != "_id"}
    written = {"createdAt": {"$ifNull": ["$createdAt", "$$NOW"]}}
    return UpdateOne(
        {"_id": page["_id"]},
        [{"$replaceWith": {"$mergeObjects": [{"$literal": content}, "$$ROOT", written]}}],
        upsert=True,
    )
