"""The view of tickets: hears their events, and answers with the newest version without a gap before it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pymongo
from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import transact
from cqrs.conversion import converted
from cqrs.opened import Opened
from cqrs.outbox import Inbox
from cqrs.publishers.jetstream.handler import InTransaction
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from services.orders.known_ticket import KnownTicket, after, from_document, to_document

CONSUMER = "orders"
TICKETS = "orders_tickets"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.5
# A listener has more time than somebody who waits for an answer.
HEARING_SECONDS = 10.0


class TicketView:
    """Keeps in `database` what is known of tickets, and which events were heard.

    `hear` takes in an event of a ticket, in a transaction; again, it changes nothing. It raises Unavailable, and
    msgspec.ValidationError where the event is no version of a ticket.
    """

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self._inbox = Inbox(database)
        self.hear = InTransaction(handle=self._hear, transact=self._transact)

    def find(self, ticket_id: UUID) -> KnownTicket | None:
        """Return what is known of a ticket, None where nothing is. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            return from_document(self._database[TICKETS].find_one({"_id": ticket_id})).newest

    def newest(self, limit: int, before: UUID | None = None) -> list[KnownTicket]:
        """Return at most `limit` tickets, newest first, from before that id on. Raises Unavailable."""
        # Of some, only versions behind a gap are known.
        wanted: dict[str, Any] = {"version": {"$gte": 1}}
        if before is not None:
            wanted["_id"] = {"$lt": before}
        with translated(), pymongo.timeout(PATIENCE):
            found = self._database[TICKETS].find(wanted).sort("_id", DESCENDING).limit(limit)
            return [ticket for document in found if (ticket := from_document(document).newest)]

    def prepare(self) -> None:
        """Create what is missing; lists walk along the ids, of which few have only versions behind a gap.

        Raises Unavailable.
        """
        self._inbox.prepare()

    def _transact(self, work: Callable[[ClientSession], None]) -> None:
        transact(self._database.client, work, seconds=HEARING_SECONDS)

    def _hear(self, event: IncomingEvent, session: ClientSession) -> None:
        heard = converted(event.data, KnownTicket)
        if not self._inbox.take(session, CONSUMER, event.event_id):
            return
        before = from_document(self._database[TICKETS].find_one({"_id": heard.id}, session=session))
        known = after(before, heard)
        if known == before:
            return
        # One document holds all that is known of a ticket, so two that hear of it at the same time conflict.
        document = to_document(heard.id, known)
        self._database[TICKETS].replace_one({"_id": heard.id}, document, upsert=True, session=session)


ticket_view: Opened[TicketView] = Opened("ticket view")
