"""Headers that tell browsers what a page of ours may do: as little as it needs."""

from collections.abc import Callable, MutableMapping
from types import MappingProxyType
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https://randomuser.me data:; "
    "connect-src 'self' https://randomuser.me; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI sets style attributes and draws its icons from data URIs.
SWAGGER_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"

_ALWAYS: Final = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)


class SecurityHeadersMiddleware:
    """Adds the headers to every answer; HTML gets the page's policy, the rest the API's, where the view set none."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within; API answers are not cached unless the view says otherwise."""
        response = self._get_response(request)
        headers = response.headers
        if headers.get("Content-Type", "").startswith("text/html"):
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        else:
            headers.setdefault("Content-Security-Policy", API_POLICY)
            headers.setdefault("Cache-Control", "no-store")
        for name, value in _ALWAYS.items():
            headers[name] = value
        return response


def add_static_headers(headers: MutableMapping[str, Any], path: str, url: str) -> None:  # noqa: ARG001 - WhiteNoise's
    """WhiteNoise's `WHITENOISE_ADD_HEADERS_FUNCTION`: the same for files, which do not pass the middleware above."""
    is_page = path.endswith(".html")
    headers["Content-Security-Policy"] = PAGE_POLICY if is_page else API_POLICY
    for name, value in _ALWAYS.items():
        headers[name] = value
