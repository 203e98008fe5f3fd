"""`/api/schema` and the Swagger UI at `/api`; nothing comes from another host."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from cqrs.web.api_view import ApiView, JsonNegotiation
from cqrs.web.security_headers import SWAGGER_POLICY


class SchemaView(ApiView):
    """The OpenAPI document, made once for each process: it changes only with the code."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """The document as JSON."""
        return HttpResponse(_document(), content_type="application/json")


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI with its script in a request of its own, so that no inline script has to be allowed."""

    content_negotiation_class = JsonNegotiation

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """The page with the policy that Swagger UI needs."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Content-Security-Policy"] = SWAGGER_POLICY
        return answer


@cache
def _document() -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    document: bytes = OpenApiJsonRenderer().render(schema, renderer_context={})
    return document
