"""The failed events of an outbox: listed, shown, retried, discarded."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.outbox import parked
from cqrs.outbox.api.documentation import DISCARD_EVENT, LIST_FAILED_EVENTS, RETRY_EVENT, SHOW_WAITING_EVENT
from cqrs.outbox.api.operators import OperatorView
from cqrs.outbox.api.parameters import FailedEventsPage, FailedEventsParameters
from cqrs.outbox.queue import Queue
from cqrs.outbox.registry import find_outbox
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest
from cqrs.web.cursor import decode_cursor
from cqrs.web.page import page_of
from cqrs.web.query_params import parse_query


class FailedEventsView(OperatorView):
    """Pages through what has failed."""

    http_method_names = ["get", "head"]
    store = STORE

    @LIST_FAILED_EVENTS
    def get(self, request: ApiRequest, outbox: str) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, FailedEventsParameters)
        filters = {"outbox": outbox, "failing": str(wanted.failing)}
        page = decode_cursor(wanted.cursor, FailedEventsPage, filters) if wanted.cursor else None
        # One more than asked for tells whether there is a next page.
        found = parked.listing(
            _queue(outbox), failing=wanted.failing, after=page.after if page else "", limit=wanted.limit + 1
        )
        shown, cursor = page_of(found, wanted.limit, lambda last: FailedEventsPage(after=last.event_id), filters)
        return Answer.json(HTTPStatus.OK, {"items": shown, "nextCursor": cursor}).response()


class WaitingEventView(OperatorView):
    """One event."""

    http_method_names = ["get", "delete", "head"]
    store = STORE

    @SHOW_WAITING_EVENT
    def get(self, request: ApiRequest, outbox: str, event_id: str) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the event, its data left out."""
        return Answer.json(HTTPStatus.OK, parked.get(_queue(outbox), event_id)).response()

    @DISCARD_EVENT
    def delete(self, request: ApiRequest, outbox: str, event_id: str) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Have it never published."""
        parked.discard(_queue(outbox), event_id)
        return Answer.empty().response()


class RetryEventView(OperatorView):
    """Publishes an event after all."""

    http_method_names = ["post"]
    store = STORE

    @RETRY_EVENT
    def post(self, request: ApiRequest, outbox: str, event_id: str) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Have it tried again at once."""
        parked.retry(_queue(outbox), event_id)
        return Answer.empty().response()


def _queue(name: str) -> Queue:
    return find_outbox(name).outbox.queue
