"""A ticket as orders know it, and what to do with a version of it that is heard of."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from cqrs.conversion import converted

Document = dict[str, Any]


class KnownTicket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A version of a ticket: what its events say."""

    id: UUID
    title: str
    price: str
    user_id: UUID
    version: Annotated[int, Meta(ge=1)]


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one ticket: its newest version without a gap before it, and those `held` behind a gap."""

    newest: KnownTicket | None = None
    held: tuple[KnownTicket, ...] = ()

    @property
    def version(self) -> int:
        """The newest version without a gap before it, 0 where none is known."""
        return self.newest.version if self.newest else 0


def after(before: Knowledge, heard: KnownTicket) -> Knowledge:
    """Return what is known once `heard` is heard of.

    Only the next version is applied: one that is known already is a duplicate, and one that leaves a gap is held until
    the gap closes.
    """
    if heard.version <= before.version:
        return before
    waiting = {ticket.version: ticket for ticket in (*before.held, heard)}
    newest = before.newest
    while following := waiting.pop(newest.version + 1 if newest else 1, None):
        newest = following
    return Knowledge(newest=newest, held=tuple(waiting[version] for version in sorted(waiting)))


def to_document(ticket_id: UUID, knowledge: Knowledge) -> Document:
    """Return the knowledge as MongoDB keeps it: the newest version's fields, and those that are held."""
    newest = _fields(knowledge.newest) if knowledge.newest else {"version": 0}
    return {**newest, "_id": ticket_id, "held": [_fields(ticket) for ticket in knowledge.held]}


def from_document(document: Document | None) -> Knowledge:
    """Return the knowledge of a document; without one, nothing is known."""
    if document is None:
        return Knowledge()
    ticket_id = document["_id"]
    newest = _ticket(ticket_id, document) if document["version"] else None
    return Knowledge(newest=newest, held=tuple(_ticket(ticket_id, held) for held in document["held"]))


def _fields(ticket: KnownTicket) -> Document:
    fields: Document = msgspec.to_builtins(ticket, builtin_types=(UUID,))
    del fields["id"]
    return fields


def _ticket(ticket_id: UUID, fields: Document) -> KnownTicket:
    return converted({**fields, "id": ticket_id}, KnownTicket)
