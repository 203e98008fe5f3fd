"""The view class of the API: JSON in, JSON out, and no work that the API does not need."""

from collections.abc import Iterable
from functools import cached_property
from io import BytesIO
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from cqrs.errors import Unavailable
from cqrs.web.body import read_body
from cqrs.web.bulkhead import bulkhead_of
from cqrs.web.parsers import DEFAULT_BODY_LIMIT, JsonParser, media_type_of
from cqrs.web.problem import problem_response
from cqrs.web.renderers import JsonRenderer


class ApiRequest(Request):
    """A request whose body is read once, within the view's limit, and never taken for empty when it is missing."""

    @cached_property
    def raw_body(self) -> bytes:
        """The body as it came; at most `body_limit` bytes of it.

        Raises:
            PayloadTooLarge, LengthRequired, UnsupportedMediaType, InvalidRequest: see `cqrs.web.body.read_body`.
        """
        limit: int = getattr(self.parser_context["view"], "body_limit", DEFAULT_BODY_LIMIT)
        return read_body(self._request, limit)

    def _load_stream(self) -> None:
        # REST framework takes a body without Content-Length for an empty object; ours reaches the parser as it is.
        self._stream = BytesIO(self.raw_body)


class JsonNegotiation(BaseContentNegotiation):
    """The body's media type picks the parser; answers are in the view's first format, whatever `Accept` says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of exactly this media type, parameters aside; None ends in 415."""
        media_type = media_type_of(request.content_type)
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - the signature is REST framework's
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """Always the first: RFC 9110 lets a server disregard `Accept`, and errors are JSON in any case."""
        first = next(iter(renderers))
        return first, first.media_type


class ApiView(APIView):
    """Base of every API view; `parser_classes`, `body_limit` (bytes) and `store` are what a view may change.

    `store` names the store without which the view can do nothing; its requests share the bulkhead of that store.
    """

    parser_classes = [JsonParser]
    renderer_classes = [JsonRenderer]
    content_negotiation_class = JsonNegotiation
    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    versioning_class = None
    metadata_class = None
    http_method_names = ["get", "post", "patch", "delete", "head"]
    body_limit: int = DEFAULT_BODY_LIMIT
    store: str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve the request; 503 at once where the store that it needs holds as many as it may."""
        if self.store is None:
            return super().dispatch(request, *args, **kwargs)
        try:
            with bulkhead_of(self.store).place():
                return super().dispatch(request, *args, **kwargs)
        except Unavailable as error:
            return problem_response(request, error)

    def perform_authentication(self, request: Request) -> None:
        """Nothing: no view asks who is there, and `request.user` would find out when one does."""

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> ApiRequest:  # noqa: ARG002
        """The request as an `ApiRequest`."""
        return ApiRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )
