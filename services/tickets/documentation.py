"""What Swagger UI says about tickets."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from cqrs.web.openapi import ETAG, IDEMPOTENCY_KEY, LOCATION, REPLAYED, Reply, operation
from services.tickets.parameters import TicketParameters
from services.tickets.ticket import Ticket, TicketChange, TicketIn

TAG = "Tickets (MongoDB and NATS)"
WANTED: dict[str, Any] = {"title": "Concert", "price": "20.00"}
TICKET: dict[str, Any] = {
    "id": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    **WANTED,
    "userId": "0193494e-2a0b-7d11-9f00-0242ac120002",
    "version": 1,
}
AUTHORIZATION = OpenApiParameter(
    "Authorization", str, OpenApiParameter.HEADER, description="`Bearer` and a token; the cookie does as well."
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The `ETag` of the version to change, or `*`. Needed unless the body names the version.",
)


class Tickets(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[Ticket]
    next_cursor: str | None


OFFER_TICKET = operation(
    tag=TAG,
    summary="Offer ticket",
    description="Stores the ticket and its event `ticket:created` in one transaction. A relay publishes the event to "
    "NATS a moment later.",
    body={"application/json": TicketIn},
    replies={201: Reply(Ticket, "Stored", headers=(LOCATION, ETAG, REPLAYED))},
    problems=(400, 401, 411, 413, 415, 422, 503),
    headers=(AUTHORIZATION, IDEMPOTENCY_KEY),
    examples=[
        OpenApiExample("A concert", WANTED, request_only=True),
        OpenApiExample("The ticket", TICKET, response_only=True, status_codes=["201"]),
    ],
)
LIST_TICKETS = operation(
    tag=TAG,
    summary="List tickets",
    description="Newest first. `nextCursor`, given as `cursor`, leads on.",
    query=TicketParameters,
    replies={200: Reply(Tickets, "A page")},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "The only page", {"items": [TICKET], "nextCursor": None}, response_only=True, status_codes=["200"]
        )
    ],
)
FIND_TICKET = operation(
    tag=TAG,
    summary="Find ticket",
    replies={200: Reply(Ticket, "The ticket", headers=(ETAG,))},
    problems=(404, 503),
    examples=[OpenApiExample("The ticket", TICKET, response_only=True, status_codes=["200"])],
)
CHANGE_TICKET = operation(
    tag=TAG,
    summary="Change ticket",
    description="Puts other contents in the place of a ticket's, and stores the event `ticket:updated` with them. Only "
    "the owner may. Contents that are there already lead to no new version.",
    body={"application/json": TicketChange},
    replies={200: Reply(Ticket, "The ticket after the change", headers=(ETAG,))},
    problems=(400, 401, 403, 404, 409, 411, 412, 413, 415, 428, 503),
    headers=(AUTHORIZATION, IF_MATCH),
    examples=[
        OpenApiExample("Another price", {**WANTED, "price": "25.00"}, request_only=True),
        OpenApiExample(
            "The ticket", {**TICKET, "price": "25.00", "version": 2}, response_only=True, status_codes=["200"]
        ),
    ],
)
