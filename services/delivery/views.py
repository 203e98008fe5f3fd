"""`/api/v1/delivery` and `/api/v1/users`: the HTTP face of delivery tracking and of its demonstration."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.context import current
from cqrs.delivery.message_format import CLOUD_TRACE, traceparent_of
from cqrs.delivery.report import Report
from cqrs.opened import Opened
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.cursor import decode_cursor
from cqrs.web.idempotency_key import idempotency_key
from cqrs.web.page import page_of
from cqrs.web.query_params import parse_query
from cqrs.web.trace import continue_trace
from cqrs.web.validation import validate
from services.delivery import shown
from services.delivery.demo import DemoBehaviour, demo_switch
from services.delivery.documentation import (
    LIST_MISSED,
    LIST_WINDOWS,
    PUBLISH_USER,
    RETRY_DEMO,
    SET_DEMO,
    SHOW_DEMO,
    SHOW_RULES,
    SUM_UP,
)
from services.delivery.missed_mail import missed_mail
from services.delivery.options import options_of
from services.delivery.parameters import Filters, MissedPage, PageOfFiltered, WindowPage
from services.delivery.rules import delivery_rules
from services.delivery.user import DemoUser, sample_user
from services.delivery.users import users

report: Opened[Report] = Opened("delivery report")


class UsersView(ApiView):
    """Publishes users."""

    store = STORE

    @PUBLISH_USER
    def post(self, request: ApiRequest) -> HttpResponse:
        """Publish the user of the body, or somebody where there is none, once for each `Idempotency-Key`."""
        user = validate(request.data, DemoUser) if request.raw_body else sample_user()
        given = traceparent_of(request.headers.get(CLOUD_TRACE, ""))
        publishing = users().publish(
            user,
            traceparent=given or continue_trace(current().traceparent),
            options=options_of(request),
            key=idempotency_key(request),
        )
        note(request, event_id=publishing.published.metadata["eventID"])
        headers = {"Idempotent-Replayed": "true"} if publishing.replayed else {}
        return Answer.json(HTTPStatus.CREATED, publishing.published, headers).response()


class WindowsView(ApiView):
    """Pages through windows by cursor."""

    store = STORE

    @LIST_WINDOWS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, PageOfFiltered)
        filters = wanted.of_cursor()
        page = decode_cursor(wanted.cursor, WindowPage, filters) if wanted.cursor else None
        # One more than asked for tells whether there is a next page.
        found = report().windows(
            wanted.wanted(), limit=wanted.limit + 1, after=(page.start, page.topic) if page else None
        )
        items, cursor = page_of(
            found, wanted.limit, lambda last: WindowPage(start=last.start, topic=last.topic), filters
        )
        return Answer.json(HTTPStatus.OK, {"items": [*map(shown.window, items)], "nextCursor": cursor}).response()


class SummaryView(ApiView):
    """Sums windows up."""

    store = STORE

    @SUM_UP
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with the sums."""
        wanted = parse_query(request, Filters)
        return Answer.json(HTTPStatus.OK, shown.summary(report().summary(wanted.wanted()))).response()


class MissedView(ApiView):
    """Pages through what is missing by cursor."""

    store = STORE

    @LIST_MISSED
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, PageOfFiltered)
        filters = wanted.of_cursor()
        page = decode_cursor(wanted.cursor, MissedPage, filters) if wanted.cursor else None
        found = report().missed(wanted.wanted(), limit=wanted.limit + 1, after=page.last if page else None)
        items, cursor = page_of(found, wanted.limit, lambda last: MissedPage(last=last), filters)
        return Answer.json(HTTPStatus.OK, {"items": [*map(shown.missing, items)], "nextCursor": cursor}).response()


class RulesView(ApiView):
    """Tells how deliveries are counted, which needs no store."""

    @SHOW_RULES
    def get(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with the rules of this installation."""
        return Answer.json(HTTPStatus.OK, delivery_rules()).response()


class DemoView(ApiView):
    """The switch by which one sees the rate fall and recover."""

    store = STORE

    @SET_DEMO
    def post(self, request: ApiRequest) -> HttpResponse:
        """Have the subscription behave so from now on."""
        demo_switch().set(validate(request.data, DemoBehaviour))
        return Answer.empty().response()

    @SHOW_DEMO
    def get(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with how the subscription behaves now."""
        return Answer.json(HTTPStatus.OK, demo_switch().read()).response()


class RetryView(ApiView):
    """The way by which what was missed comes late."""

    store = STORE

    @RETRY_DEMO
    def post(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Have the subscription handle once more what it has failed to."""
        return Answer.json(HTTPStatus.ACCEPTED, missed_mail().retry()).response()
