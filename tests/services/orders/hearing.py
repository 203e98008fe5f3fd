"""Events of tickets as a stream hands them out."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from cqrs.publishers.jetstream.incoming_event import IncomingEvent

OWNER = UUID("bf951e3e-aefd-4335-a330-5fcca06f100d")
STORED_AT = datetime(2026, 11, 21, tzinfo=UTC)


def data_of(ticket_id: UUID, version: int) -> dict[str, Any]:
    """What the event of a version says."""
    return {
        "id": str(ticket_id),
        "title": f"Concert {version}",
        "price": f"{version}.00",
        "userId": str(OWNER),
        "version": version,
    }


def event_of(
    ticket_id: UUID, version: int, *, event_id: str | None = None, wrong: dict[str, Any] | None = None
) -> IncomingEvent:
    """The event of a version; the same id each time unless another one is given."""
    return IncomingEvent(
        event_id=event_id or str(uuid5(ticket_id, str(version))),
        subject=f"tickets.{ticket_id}",
        event_type="ticket:created" if version == 1 else "ticket:updated",
        ordering_key=f"ticket:{ticket_id}",
        sequence=version,
        data=data_of(ticket_id, version) | (wrong or {}),
        headers={},
        place=version,
        deliveries=1,
        stored_at=STORED_AT,
    )


def new_ticket() -> UUID:
    """The id of a ticket that nobody knows yet."""
    return uuid4()
