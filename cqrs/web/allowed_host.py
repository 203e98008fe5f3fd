"""Only requests for a host of ours are answered: no other site's name can be pointed at this one (DNS rebinding)."""

from collections.abc import Callable
from typing import Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.problem import problem_response

# Orchestrators probe a process by whatever address it has at the moment.
PROBES: Final = frozenset({"/livez", "/readyz"})


class AllowedHostMiddleware:
    """Refuses with 400 what is addressed to a host that `ALLOWED_HOSTS` does not name; probes are exempt."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within, or the refusal."""
        if request.path not in PROBES:
            try:
                request.get_host()
            except DisallowedHost:
                return problem_response(
                    request, InvalidRequest([FieldError("Host", "Not a host of this site", "host")])
                )
        return self._get_response(request)
