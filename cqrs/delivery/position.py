"""How far the windows are counted, as all schedulers share it: whoever counts the next window moves it on."""

from typing import NamedTuple

import msgspec
from pymongo.client_session import ClientSession

from cqrs.delivery.counting import first_published, moment
from cqrs.delivery.ledger import STATE, Ledger
from cqrs.delivery.records import Document, milliseconds
from cqrs.delivery.window import Windowing
from cqrs.delivery.window_sizes import Sized

# A record is written in a transaction that may end so much later: MongoDB ends them after 60 s, and looks every 30 s.
WRITTEN_BEFORE_SEEN_MS = 120_000
POSITION = {"_id": "position"}
_FIELDS = {"next": 1, "looked": 1, "sizes": 1, "at": "$$NOW"}


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The window that starts at `next` is counted next; of the others everything counts that was written by `looked`.

    Until `next` windows were as long as `sizes` says. Times are milliseconds since the epoch.
    """

    next: int
    looked: int
    sizes: tuple[Sized, ...]


class Found(NamedTuple):
    """The position, and the time by MongoDB's clock when it was read."""

    position: Position
    at: int


def find(ledger: Ledger, windowing: Windowing) -> Found:
    """Return the position; the first time it is before the oldest record, or the present."""
    states = ledger.collection(STATE)
    while (found := states.find_one(POSITION, _FIELDS)) is None or "sizes" not in found:
        # Of those who find none at the same time one sets it.
        states.update_one(POSITION, {"$setOnInsert": {}}, upsert=True)
        if found is not None:
            first = _first(ledger, windowing, milliseconds(found["at"]))
            states.update_one({**POSITION, "sizes": {"$exists": False}}, {"$set": _document(first)})
    return Found(_position(found), milliseconds(found["at"]))


def advance(ledger: Ledger, position: Position, following: Position, session: ClientSession) -> bool:
    """Move the position on in the session's transaction; say whether it was still where the caller has found it."""
    seen = {**POSITION, "next": moment(position.next)}
    change = {name: value for name, value in _document(following).items() if name != "looked"}
    moved = ledger.collection(STATE, session).update_one(seen, {"$set": change}, session=session)
    return moved.matched_count == 1


def note_looked(ledger: Ledger, at: int) -> None:
    """Note that all that was written by then is counted."""
    ledger.collection(STATE).update_one(POSITION, {"$set": {"looked": moment(at)}})


def _first(ledger: Ledger, windowing: Windowing, at: int) -> Position:
    oldest = first_published(ledger)
    begin = at if oldest is None else min(at, oldest)
    # What is about to be written may be older: it is counted when it is there.
    since = windowing.start_of(begin - WRITTEN_BEFORE_SEEN_MS)
    return Position(next=windowing.start_of(begin), looked=since, sizes=(Sized(since=since, size=windowing.size),))


def _document(position: Position) -> Document:
    sizes = [{"since": moment(one.since), "size": one.size} for one in position.sizes]
    return {"next": moment(position.next), "looked": moment(position.looked), "sizes": sizes}


def _position(found: Document) -> Position:
    sizes = tuple(Sized(since=milliseconds(one["since"]), size=one["size"]) for one in found["sizes"])
    return Position(next=milliseconds(found["next"]), looked=milliseconds(found["looked"]), sizes=sizes)
