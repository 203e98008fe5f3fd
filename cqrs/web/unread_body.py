"""A body that nobody read is read before the answer goes out, so that the answer arrives."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.http.request import UnreadablePostError

READ_AT_MOST: Final = 32 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class UnreadBodyMiddleware:
    """Reads and drops what a refused request still has to send, a piece at a time.

    A server that answers and closes while the client is sending resets the connection; nginx then reports 502 in place
    of the 413 or 404 that was the answer. Bodies announced as larger than 32 MiB are not worth it: nginx stops them.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within, unchanged."""
        response = self._get_response(request)
        announced = request.META.get("CONTENT_LENGTH") or ""
        if announced.isdecimal() and int(announced) <= READ_AT_MOST:
            _read_to_the_end(request)
        return response


def _read_to_the_end(request: HttpRequest) -> None:
    try:
        while request.read(_CHUNK):
            pass
    except UnreadablePostError:
        # The client is gone: there is nothing left to read, and nobody to tell.
        return
