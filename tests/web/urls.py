"""A tiny application on the edge, with one view for each thing that the tests look at."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from drf_spectacular.utils import OpenApiExample

from cqrs.context import current
from cqrs.errors import Unavailable
from cqrs.web import error_pages
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.conditional import etag, required_versions
from cqrs.web.cursor import CursorText, Limit
from cqrs.web.errors import StaleVersion
from cqrs.web.health import livez, readyz
from cqrs.web.idempotency import run_idempotently
from cqrs.web.openapi import COMMAND, ETAG, IDEMPOTENCY_KEY, IF_MATCH, LOCATION, QUERY, Reply, operation
from cqrs.web.openapi_views import SchemaView, SwaggerView
from cqrs.web.parsers import JsonParser, MergePatchParser, NdjsonParser, media_type_of
from cqrs.web.query_params import parse_query
from cqrs.web.validation import validate

INSERT_EFFECT = "INSERT INTO edge_test_effect (note) VALUES (%s)"


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests send."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254, description="Where to write to")]
    age: Annotated[int, msgspec.Meta(ge=0)] | None = None


class ThingParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests ask for."""

    email: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    limit: Limit = 10
    cursor: CursorText | None = None


class ThingState(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests get."""

    email: str
    version: int


class EchoView(ApiView):
    """Says what it understood."""

    schema = None

    parser_classes = [JsonParser, NdjsonParser]

    def post(self, request: ApiRequest) -> HttpResponse:
        understood: Any = request.data
        if media_type_of(request.content_type) == NdjsonParser.media_type:
            understood = [str(line) for _, line in understood]
        return Answer.json(200, {"data": understood}).response()


class ThingsView(ApiView):
    """Creates and lists."""

    @operation(
        tag=COMMAND,
        summary="Create a thing",
        body={"application/json": Thing},
        replies={201: Reply(ThingState, "Created", headers=(LOCATION, ETAG))},
        problems=(400, 413, 415, 422, 503),
        headers=(IDEMPOTENCY_KEY,),
        examples=[OpenApiExample("Shortest", {"email": "a@example.org"}, request_only=True)],
    )
    def post(self, request: ApiRequest) -> HttpResponse:
        thing = validate(request.data, Thing)
        return run_idempotently(request, lambda: self._create(thing)).response()

    @operation(
        tag=QUERY,
        summary="List things",
        query=ThingParameters,
        replies={200: Reply(list[ThingState], "A page")},
        problems=(400,),
    )
    def get(self, request: ApiRequest) -> HttpResponse:
        parameters = parse_query(request, ThingParameters)
        return Answer.json(200, parameters).response()

    def _create(self, thing: Thing) -> Answer:
        with connection.cursor() as cursor:
            cursor.execute(INSERT_EFFECT, [thing.email])
        if thing.email == "answers-500@example.org":
            return Answer.json(500, {"status": 500})
        if thing.email == "raises@example.org":
            raise StaleVersion(actual=2)
        return Answer.json(
            HTTPStatus.CREATED, ThingState(email=thing.email, version=1), {"Location": "/things/1", "ETag": etag(1)}
        )


class ThingView(ApiView):
    """Changes."""

    parser_classes = [MergePatchParser]
    body_limit = 1_000

    @operation(
        tag=COMMAND,
        summary="Change a thing",
        body={"application/merge-patch+json": Thing},
        replies={200: Reply(ThingState, "Changed", headers=(ETAG,))},
        problems=(400, 404, 412, 428),
        headers=(IF_MATCH,),
    )
    def patch(self, request: ApiRequest, number: int) -> HttpResponse:
        allowed = required_versions(request)
        if allowed is not None and number not in allowed:
            raise StaleVersion(actual=number)
        return Answer.json(200, {"patched": request.data}, {"ETag": etag(number + 1)}).response()


class ContextView(ApiView):
    """Shows the context that the code within a request sees."""

    schema = None

    def get(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002
        context = current()
        seen: dict[str, Any] = {
            "appId": context.app_id,
            "requestId": context.request_id,
            "traceparent": context.traceparent,
        }
        return Answer.json(200, seen).response()


class FailingView(ApiView):
    """Fails in the way that its address says."""

    schema = None

    def get(self, request: ApiRequest, how: str) -> HttpResponse:  # noqa: ARG002
        if how == "unavailable":
            raise Unavailable("postgresql", retry_after=2.5)
        raise RuntimeError(f"first line of {how}\nsecret second line")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """A page outside the API, and outside REST framework."""
    if "fail" in request.GET:
        raise RuntimeError("no page today")
    return HttpResponse("<!doctype html><title>page</title>")


urlpatterns = [
    path("", page),
    path("livez", livez),
    path("readyz", readyz),
    path("api", SwaggerView.as_view(url_name="schema")),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/echo", EchoView.as_view()),
    path("api/things", ThingsView.as_view()),
    path("api/things/<int:number>", ThingView.as_view()),
    path("api/context", ContextView.as_view()),
    path("api/fail/<str:how>", FailingView.as_view()),
]

handler400 = error_pages.bad_request
handler403 = error_pages.permission_denied
handler404 = error_pages.not_found
handler500 = error_pages.server_error
