"""Who serves a request and under which ids: set for the code within, sent back in the headers."""

import re
import secrets
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from cqrs.context import Context, use
from cqrs.web.trace import continue_trace

# For one answer of a store. A request asks few questions, each of which takes milliseconds as long as the store works.
PATIENCE: Final = 4.0

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestContextMiddleware:
    """Runs each request within a `cqrs.context.Context` and answers with `X-App-Id`, `X-Request-Id`, `traceparent`.

    Needs `settings.APP_ID`. Stands first, so that whatever is logged or refused later carries the ids.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response
        self._app_id: str = settings.APP_ID

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within, with the ids in its headers."""
        request_id = _request_id(request.META.get("HTTP_X_REQUEST_ID"))
        traceparent = continue_trace(request.META.get("HTTP_TRACEPARENT"))
        context = Context(app_id=self._app_id, traceparent=traceparent, request_id=request_id, patience=PATIENCE)
        with use(context):
            response = self._get_response(request)
        headers = response.headers
        headers["X-App-Id"] = self._app_id
        headers["X-Request-Id"] = request_id
        headers["traceparent"] = traceparent
        return response


def _request_id(incoming: str | None) -> str:
    """The caller's id if it is short and plain, so that it can be logged and sent as it is; else a new one."""
    if incoming and _REQUEST_ID.fullmatch(incoming):
        return incoming
    return secrets.token_hex(16)
