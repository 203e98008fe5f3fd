"""What is told of tickets: permanent names and forms."""

from uuid import UUID

import msgspec

from cqrs.broker.message import SOURCE
from cqrs.outbox import NewEvent
from services.tickets.ticket import Ticket

AGGREGATE_TYPE = "ticket"
SUBJECT = "tickets"
CREATED = "ticket:created"
UPDATED = "ticket:updated"


class TicketChanged(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of both events: the ticket with the version that the event led to."""

    id: UUID
    title: str
    price: str
    user_id: UUID
    version: int


def event_of(ticket: Ticket) -> NewEvent:
    """Return the event of a ticket's version, made of what was stored."""
    data = TicketChanged(
        id=ticket.id, title=ticket.title, price=ticket.price, user_id=ticket.user_id, version=ticket.version
    )
    return NewEvent(
        subject=f"{SUBJECT}.{ticket.id}",
        event_type=CREATED if ticket.version == 1 else UPDATED,
        aggregate_type=AGGREGATE_TYPE,
        aggregate_id=str(ticket.id),
        sequence=ticket.version,
        data=msgspec.to_builtins(data),
        headers={SOURCE: "tickets"},
    )
