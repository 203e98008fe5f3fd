"""What Swagger UI says about what orders know of tickets."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import Reply, operation
from services.orders.known_ticket import KnownTicket
from services.orders.parameters import KnownTicketParameters

TAG = "Orders (MongoDB and NATS)"
TICKET: dict[str, Any] = {
    "id": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    "title": "Concert",
    "price": "20.00",
    "userId": "0193494e-2a0b-7d11-9f00-0242ac120002",
    "version": 1,
}


class KnownTickets(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[KnownTicket]
    next_cursor: str | None


LIST_KNOWN_TICKETS = operation(
    tag=TAG,
    summary="List known tickets",
    description="What orders have heard of tickets by NATS: a moment behind `/api/tickets`, and never with a version "
    "whose predecessor is missing.",
    query=KnownTicketParameters,
    replies={200: Reply(KnownTickets, "A page")},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "The only page", {"items": [TICKET], "nextCursor": None}, response_only=True, status_codes=["200"]
        )
    ],
)
FIND_KNOWN_TICKET = operation(
    tag=TAG,
    summary="Find known ticket",
    replies={200: Reply(KnownTicket, "The ticket")},
    problems=(404, 503),
    examples=[OpenApiExample("The ticket", TICKET, response_only=True, status_codes=["200"])],
)
