"""`/api/tickets`: the HTTP face of the ticket office."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.conditional import etag, required_versions
from cqrs.web.idempotency_key import idempotency_key
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate
from services.tickets.accounts.signed_in import signed_in
from services.tickets.documentation import CHANGE_TICKET, FIND_TICKET, LIST_TICKETS, OFFER_TICKET
from services.tickets.office import Offered, office
from services.tickets.parameters import TicketParameters
from services.tickets.ticket import Ticket, TicketChange, TicketIn


class TicketsView(ApiView):
    """All tickets."""

    store = STORE

    @OFFER_TICKET
    def post(self, request: ApiRequest) -> HttpResponse:
        """Store a ticket and its event, once for each `Idempotency-Key`; answered only after the commit."""
        owner = signed_in(request)
        offered = office().offer(validate(request.data, TicketIn), owner.user_id, idempotency_key(request))
        note(request, ticket_id=offered.ticket.id)
        return Answer.json(HTTPStatus.CREATED, offered.ticket, _headers(offered)).response()

    @LIST_TICKETS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page, newest first, and the cursor of the next one."""
        wanted = parse_query(request, TicketParameters)
        # One more than asked for tells whether there is a next page.
        found = office().newest(wanted.limit + 1, id_before(wanted.cursor, {}))
        shown, cursor = newest_of(found, wanted.limit, lambda last: last.id, {})
        return Answer.json(HTTPStatus.OK, {"items": shown, "nextCursor": cursor}).response()


class TicketView(ApiView):
    """One ticket."""

    store = STORE
    http_method_names = ["get", "put", "head"]

    @FIND_TICKET
    def get(self, request: ApiRequest, ticket_id: UUID) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the ticket."""
        return _answer(office().find(ticket_id))

    @CHANGE_TICKET
    def put(self, request: ApiRequest, ticket_id: UUID) -> HttpResponse:
        """Put other contents in its place, and store the event of it."""
        owner = signed_in(request)
        wanted = validate(request.data, TicketChange)
        # A version in the body is as good a guard as the header.
        guarded = wanted.version is None or "HTTP_IF_MATCH" in request.META
        versions = required_versions(request) if guarded else None
        return _answer(office().change(ticket_id, wanted, owner.user_id, versions))


def _answer(ticket: Ticket) -> HttpResponse:
    return Answer.json(HTTPStatus.OK, ticket, {"ETag": etag(ticket.version)}).response()


def _headers(offered: Offered) -> dict[str, str]:
    headers = {"Location": f"/api/tickets/{offered.ticket.id}", "ETag": etag(offered.ticket.version)}
    return headers | ({"Idempotent-Replayed": "true"} if offered.replayed else {})
