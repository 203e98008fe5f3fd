"""`/api/v1/provider`: the HTTP face of the provider."""

import time
from http import HTTPStatus

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from cqrs.broker.mongodb import STORE
from cqrs.web.access_log import note
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.newest_first import id_before, newest_of
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate
from services.alert_provider.behaviour import Behaviour
from services.alert_provider.documentation import LIST_TEXTS, SET_BEHAVIOUR, SHOW_BEHAVIOUR, TAKE_TEXT
from services.alert_provider.failing import failure
from services.alert_provider.parameters import TextParameters
from services.alert_provider.provider import alert_provider
from services.alert_provider.text import TextIn
from services.alert_provider.webhook_verification import verify


class TextsView(ApiView):
    """Takes texts, and pages through them."""

    http_method_names = ["get", "put", "head"]
    store = STORE
    body_limit = 16 * 1024

    @TAKE_TEXT
    def put(self, request: ApiRequest) -> HttpResponseBase:
        """Take a text once for its key, or fail as the provider is told to."""
        provider = alert_provider()
        key = _key(request, provider.key)
        if (failed := failure(provider.switch.read().answer, request.path)) is not None:
            return failed
        taken = provider.board.take(key, validate(request.data, TextIn).text, app_id=settings.APP_ID)
        note(request, received=taken.received)
        return Answer.empty().response()

    @LIST_TEXTS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with a page and the cursor of the next one."""
        wanted = parse_query(request, TextParameters)
        # One more than asked for tells whether there is a next page.
        found = alert_provider().board.newest(before=id_before(wanted.cursor, {}), limit=wanted.limit + 1)
        shown, cursor = newest_of(found, wanted.limit, lambda last: last[0], {})
        return Answer.json(HTTPStatus.OK, {"items": [text for _, text in shown], "nextCursor": cursor}).response()


class BehaviourView(ApiView):
    """The switch by which one sees what becomes of notifications while their provider fails."""

    http_method_names = ["get", "put", "head"]
    store = STORE

    @SET_BEHAVIOUR
    def put(self, request: ApiRequest) -> HttpResponse:
        """Have the provider behave so from now on."""
        alert_provider().switch.set(validate(request.data, Behaviour))
        return Answer.empty().response()

    @SHOW_BEHAVIOUR
    def get(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Answer with how the provider behaves now."""
        return Answer.json(HTTPStatus.OK, alert_provider().switch.read()).response()


def _key(request: ApiRequest, secret: bytes | None) -> str:
    """The key under which a text is taken once; the signature covers it as `webhook-id`."""
    key = verify(secret, request.headers, request.raw_body, now=time.time())
    if request.headers.get("Idempotency-Key") != key:
        raise InvalidRequest([FieldError("Idempotency-Key", "Expected what webhook-id says", "format")])
    return key
