"""Counted windows as they are stored: one document for each topic in which something was published, or failed to be."""

from datetime import datetime

import msgspec
from pymongo import DESCENDING, ReplaceOne
from pymongo.client_session import ClientSession

from cqrs.conversion import converted
from cqrs.delivery.counting import Counted, moment, number_of_records
from cqrs.delivery.ledger import WINDOWS, Ledger
from cqrs.delivery.records import Document
from cqrs.delivery.tally import Tally


class StoredWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A topic in a window; `late` where something has changed its numbers after it was first counted."""

    topic: str
    start: datetime
    end: datetime
    tally: Tally
    subscriptions: dict[str, Tally]
    late: bool


def store(ledger: Ledger, counted: Counted, *, late: bool, session: ClientSession) -> list[StoredWindow]:
    """Store what was counted in place of what was there, and return what has changed by that.

    What was counted from fewer records than are counted in already is older, and changes nothing.
    """
    before = {document["topic"]: document for document in _of(ledger, counted.start, session)}
    if any(known["records"] > counted.records for known in before.values()):
        return []
    changed, writes = [], []
    for topic, tally in counted.topics.items():
        window = _window(counted, topic, tally, late=late)
        known = before.get(topic)
        if known is not None and _is_same(window, from_document(known)):
            if known["records"] == counted.records:
                continue
            window = msgspec.structs.replace(window, late=known["late"])
        else:
            changed.append(window)
        writes.append(ReplaceOne({"_id": _id(window)}, _document(window, counted.records), upsert=True))
    if writes:
        ledger.collection(WINDOWS, session).bulk_write(writes, session=session)
    return changed


def is_up_to_date(ledger: Ledger, start: int, end: int) -> bool:
    """Whether the window was counted when all records were there that are there now: none is ever changed."""
    stored = {document["records"] for document in _of(ledger, start)}
    return stored == {number_of_records(ledger, start, end)}


def newest(ledger: Ledger, topic: str, session: ClientSession | None = None) -> StoredWindow | None:
    """Return the newest window in which something of the topic was expected; None where there is none."""
    wanted = {"topic": topic, "expected": {"$gt": 0}}
    document = ledger.collection(WINDOWS, session).find_one(wanted, sort=[("start", DESCENDING)], session=session)
    return None if document is None else from_document(document)


def from_document(document: Document) -> StoredWindow:
    """Return the window of a document."""
    return StoredWindow(
        topic=document["topic"],
        start=document["start"],
        end=document["end"],
        tally=converted(document, Tally),
        subscriptions={one["name"]: converted(one, Tally) for one in document["subscriptions"]},
        late=document["late"],
    )


def _of(ledger: Ledger, start: int, session: ClientSession | None = None) -> list[Document]:
    return list(ledger.collection(WINDOWS, session).find({"start": moment(start)}, session=session))


def _is_same(window: StoredWindow, known: StoredWindow) -> bool:
    return (window.tally, window.subscriptions) == (known.tally, known.subscriptions)


def _window(counted: Counted, topic: str, tally: Tally, *, late: bool) -> StoredWindow:
    return StoredWindow(
        topic=topic,
        start=moment(counted.start),
        end=moment(counted.end),
        tally=tally,
        subscriptions={name: one for (of, name), one in sorted(counted.subscriptions.items()) if of == topic},
        late=late,
    )


def _document(window: StoredWindow, records: int) -> Document:
    return {
        "_id": _id(window),
        "topic": window.topic,
        "start": window.start,
        "end": window.end,
        **_numbers(window.tally),
        "subscriptions": [{"name": name, **_numbers(one)} for name, one in window.subscriptions.items()],
        "late": window.late,
        "records": records,
    }


def _id(window: StoredWindow) -> Document:
    return {"start": window.start, "topic": window.topic}


def _numbers(tally: Tally) -> Document:
    return {**msgspec.structs.asdict(tally), "missed": tally.missed, "rate": tally.rate}
