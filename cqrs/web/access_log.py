"""One log line and one metric for each request, without anybody's data in them."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from rest_framework.request import Request

from cqrs.web.metrics import observe_request

UNMATCHED: Final = "unmatched"
_NOTED: Final = "cqrs.web.noted"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = logging.getLogger("cqrs.web.access")


def note(request: HttpRequest | Request, **fields: object) -> None:
    """Add fields to the line of this request: ids and counts, never what somebody sent. None is left out."""
    request.META.setdefault(_NOTED, {}).update(
        {name: str(value) if isinstance(value, UUID) else value for name, value in fields.items() if value is not None}
    )


class AccessLogMiddleware:
    """Logs `request` with method, route, status, milliseconds, the ids in its path and what was noted, and counts it.

    The route is the URL pattern, not the path, so ids and scanners' guesses make no new series; query strings, which
    may hold an e-mail address, appear nowhere. Stands within `RequestContextMiddleware`, whose ids the line carries.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within, unchanged."""
        started = perf_counter()
        response = self._get_response(request)
        seconds = perf_counter() - started
        method = request.method if request.method in _METHODS else "OTHER"
        route = request.resolver_match.route if request.resolver_match else UNMATCHED
        observe_request(method, route, response.status_code, seconds)
        if _log.isEnabledFor(logging.INFO):
            _log.info(
                "request",
                extra={
                    "method": method,
                    "route": route,
                    "status": response.status_code,
                    "ms": round(seconds * 1000, 2),
                    **_ids_in_the_path(request),
                    **request.META.get(_NOTED, {}),
                },
            )
        return response


def _ids_in_the_path(request: HttpRequest) -> dict[str, str]:
    found = request.resolver_match.kwargs if request.resolver_match else {}
    return {name: str(value) for name, value in found.items() if isinstance(value, UUID)}
