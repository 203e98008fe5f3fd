"""`/api/orders/tickets`: what orders know of tickets."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.errors import NotFound
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from services.orders.documentation import FIND_KNOWN_TICKET, LIST_KNOWN_TICKETS
from services.orders.parameters import KnownTicketParameters
from services.orders.ticket_view import ticket_view


class KnownTicketsView(ApiView):
    """All of them."""

    store = STORE

    @LIST_KNOWN_TICKETS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page, newest first, and the cursor of the next one."""
        wanted = parse_query(request, KnownTicketParameters)
        # One more than asked for tells whether there is a next page.
        found = ticket_view().newest(wanted.limit + 1, id_before(wanted.cursor, {}))
        shown, cursor = newest_of(found, wanted.limit, lambda last: last.id, {})
        return Answer.json(HTTPStatus.OK, {"items": shown, "nextCursor": cursor}).response()


class KnownTicketView(ApiView):
    """One of them."""

    store = STORE

    @FIND_KNOWN_TICKET
    def get(self, request: ApiRequest, ticket_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the ticket."""
        ticket = ticket_view().find(ticket_id)
        if ticket is None:
            raise NotFound("Orders know of no such ticket.")
        return Answer.json(HTTPStatus.OK, ticket).response()
