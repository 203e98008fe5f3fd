"""A process that saves records with their events, and is killed at it.

`python -m tests.outbox.saver_process URI DATABASE MODE NAME`. It saves the versions 1, 2, … of the ticket NAME. In
version 3 it stops: with `recorded` before the event is stored, with `stored` before the commit, with `committed` after
it; it prints `in hand` there and waits for ever.
"""

import sys
from typing import Any

from pymongo import MongoClient
from pymongo.client_session import ClientSession

from cqrs.outbox import Outbox
from tests.outbox.tickets import SHORT_LEASES, event_of

LAST = 3


def main() -> None:
    _, uri, database_name, mode, name = sys.argv
    database = MongoClient[dict[str, Any]](uri, tz_aware=True, w="majority", journal=True)[database_name]
    outbox = Outbox(database, settings=SHORT_LEASES)
    print("started", flush=True)
    for version in range(1, LAST + 1):
        place = mode if version == LAST else ""
        with database.client.start_session() as session:
            session.with_transaction(lambda session: save(outbox, session, name, version, place))  # noqa: B023 - called at once
        hang_at("committed", place)


def save(outbox: Outbox, session: ClientSession, ticket: str, version: int, place: str) -> None:
    records = outbox.queue.database["tickets"]
    guarded = {"_id": ticket, "version": version - 1} if version > 1 else {"_id": ticket}
    records.update_one(guarded, {"$set": {"version": version}}, upsert=version == 1, session=session)
    hang_at("recorded", place)
    outbox.append(session, [event_of(ticket, version)])
    hang_at("stored", place)


def hang_at(place: str, wanted: str) -> None:
    if place == wanted:
        print("in hand", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
