"""The stored position of a feed's shard, and what is stored together with it: letters, and what is remembered.

It is a position as the broker's groups have them, with the point to go on from beside it: so the epoch of the claim
guards both.
"""

from collections.abc import Sequence

from bson import Int64
from pymongo.client_session import ClientSession

from cqrs.broker import dead_letters
from cqrs.broker import positions as group_positions
from cqrs.broker.errors import Fenced
from cqrs.broker.mongodb import translated
from cqrs.broker.positions import Claim
from cqrs.broker.store import Store
from cqrs.broker.transaction import in_transaction
from cqrs.changefeed.declared import FEEDS
from cqrs.changefeed.handled_keys import HANDLED, HandledKeys
from cqrs.changefeed.letters import record_of
from cqrs.changefeed.resume_point import Point, point_of, stored
from cqrs.changefeed.schedule import Entry, State


class Unheld(Exception):
    """The letters of a key are gone, so the entry has nothing to wait behind."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        super().__init__("the key has no letter any more")


def prepare(store: Store) -> None:
    """Create what is missing of collections and indexes. Raises Unavailable."""
    with translated():
        store.prepare()
        store.create_collection(FEEDS)
        store.create_collection(HANDLED)


def read(store: Store, claim: Claim) -> Point:
    """Return where the shard goes on. Raises Fenced where the claim holds no more, and Unavailable."""
    place = {"group": claim.group, "topic": claim.topic, "partition": claim.partition}
    with translated():
        document = store.positions.find_one({"_id": place, "epoch": claim.epoch, "owner": claim.member})
    if document is None:
        raise Fenced(claim.group, claim.topic, claim.partition, claim.epoch)
    return point_of(document["point"])


def commit(store: Store, claim: Claim, entries: Sequence[Entry], handled: HandledKeys | None) -> None:
    """Have the shard go on behind these entries, with the letters among them, or none of it.

    Raises Unheld where one of them need not wait, Fenced where the claim holds no more, and Unavailable.
    """
    last = entries[-1]
    fields = {"committed": Int64(last.following), "point": stored(last.point)}

    def work(session: ClientSession) -> None:
        for entry in entries:
            _store_letter(store, claim, entry, session)
        if handled is not None:
            handled.remember([entry.change for entry in entries if entry.change is not None], session=session)
        group_positions.write(store, claim, fields, session=session)

    if handled is None and all(entry.state is State.DONE for entry in entries):
        group_positions.write(store, claim, fields)
    else:
        in_transaction(store, work)


def _store_letter(store: Store, claim: Claim, entry: Entry, session: ClientSession) -> None:
    if entry.change is None or entry.state is State.DONE:
        return
    record = record_of(entry.change, claim, entry.number, is_refused=entry.refusal is not None)
    if entry.failure is not None:
        dead_letters.add_parked(store, claim, record, entry.failure, session=session)
    elif not dead_letters.add_waiting(store, claim, record, session=session):
        raise Unheld(entry)
