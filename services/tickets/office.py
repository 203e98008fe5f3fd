"""The ticket office: a ticket and its event are stored in one transaction, so that neither is ever there alone."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from cqrs.broker.mongodb import translated
from cqrs.broker.transaction import transact
from cqrs.opened import Opened
from cqrs.outbox import Outbox
from cqrs.outbox.saving import save
from cqrs.uuid7 import new_uuid7
from cqrs.web.answered_requests import AnsweredRequests
from cqrs.web.errors import StaleVersion
from cqrs.web.idempotency_key import IdempotencyKey
from services.tickets.errors import NoSuchTicket, NotTheOwner, OtherVersion
from services.tickets.events import event_of
from services.tickets.ticket import COLLECTION, Ticket, TicketChange, TicketDocument, TicketIn, ticket_of

T = TypeVar("T")

REQUESTS = "ticket_requests"

# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.5


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket, and whether an earlier request with the same key had offered it."""

    ticket: Ticket
    replayed: bool


class TicketOffice:
    """Keeps tickets in `database`, and their events in `outbox`, which is in the same database."""

    def __init__(self, database: Database[dict[str, Any]], outbox: Outbox) -> None:
        self._database = database
        self._requests = AnsweredRequests(database[REQUESTS])
        self.outbox = outbox

    def offer(self, wanted: TicketIn, owner: UUID, key: IdempotencyKey | None = None) -> Offered:
        """Store a new ticket; under a key that was seen within 24 hours, return the one that was stored then.

        Raises KeyReused where that was another request, Unavailable.
        """
        return self._in_transaction(lambda session: self._offer(wanted, owner, key, session))

    def change(
        self, ticket_id: UUID, wanted: TicketChange, owner: UUID, versions: frozenset[int] | None = None
    ) -> Ticket:
        """Put other contents in the place of a ticket's; contents that are there already lead to no new version.

        `versions` are those that may be changed, None for any. Raises NoSuchTicket, NotTheOwner, StaleVersion,
        OtherVersion, Unavailable.
        """
        return self._in_transaction(lambda session: self._change(ticket_id, wanted, owner, versions, session))

    def find(self, ticket_id: UUID) -> Ticket:
        """Return a ticket. Raises NoSuchTicket, Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            return _found(self._database[COLLECTION].find_one({"_id": ticket_id}), ticket_id)

    def newest(self, limit: int, before: UUID | None = None) -> list[Ticket]:
        """Return at most `limit` tickets, newest first, from before that id on. Raises Unavailable."""
        wanted = {} if before is None else {"_id": {"$lt": before}}
        with translated(), pymongo.timeout(PATIENCE):
            found = self._database[COLLECTION].find(wanted).sort("_id", pymongo.DESCENDING).limit(limit)
            return [ticket_of(stored) for stored in found]

    def prepare(self) -> None:
        """Create the collections and indexes that are missing. Raises Unavailable."""
        self.outbox.prepare()
        with translated():
            self._requests.prepare()

    def _offer(self, wanted: TicketIn, owner: UUID, key: IdempotencyKey | None, session: ClientSession) -> Offered:
        before = self._requests.answered(session, key, user=owner)
        if before is not None:
            stored = self._database[COLLECTION].find_one({"_id": before}, session=session)
            return Offered(ticket=_found(stored, before), replayed=True)
        document = TicketDocument(id=new_uuid7(), title=wanted.title, price=wanted.price, user_id=owner, version=1)
        ticket = self._store(session, document, force_insert=True)
        self._requests.answer(session, key, ticket.id, user=owner)
        return Offered(ticket=ticket, replayed=False)

    def _change(
        self,
        ticket_id: UUID,
        wanted: TicketChange,
        owner: UUID,
        versions: frozenset[int] | None,
        session: ClientSession,
    ) -> Ticket:
        stored = self._database[COLLECTION].find_one({"_id": ticket_id}, session=session)
        ticket = _found(stored, ticket_id)
        _require_changeable(ticket, wanted, owner, versions)
        document = TicketDocument._from_son(stored)
        document.title, document.price = wanted.title, wanted.price
        document.clean()
        if (document.title, str(document.price)) == (ticket.title, ticket.price):
            return ticket
        document.version = ticket.version + 1
        return self._store(session, document, save_condition={"version": ticket.version})

    def _store(self, session: ClientSession, document: TicketDocument, **options: Any) -> Ticket:
        ticket = ticket_of(save(session, document, **options))
        self.outbox.append(session, [event_of(ticket)])
        return ticket

    def _in_transaction(self, work: Callable[[ClientSession], T]) -> T:
        return transact(self._database.client, work, seconds=PATIENCE)


office: Opened[TicketOffice] = Opened("office")


def _found(stored: dict[str, Any] | None, ticket_id: UUID) -> Ticket:
    if stored is None:
        raise NoSuchTicket(ticket_id)
    return ticket_of(stored)


def _require_changeable(ticket: Ticket, wanted: TicketChange, owner: UUID, versions: frozenset[int] | None) -> None:
    if ticket.user_id != owner:
        raise NotTheOwner(ticket.id)
    if versions is not None and ticket.version not in versions:
        raise StaleVersion(ticket.version)
    if wanted.version is not None and wanted.version != ticket.version:
        raise OtherVersion(ticket.version)
