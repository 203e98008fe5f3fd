"""The addresses that every replica has, whichever services it serves."""

from django.urls import path

from cqrs.web.health import livez, readyz
from cqrs.web.openapi_views import SchemaView, SwaggerView

EDGE = [
    path("api", SwaggerView.as_view()),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("livez", livez),
    path("readyz", readyz),
]
