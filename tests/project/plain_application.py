"""A WSGI application for tests of the server: it answers with the path and the body that it was sent."""

from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 200 once the whole body is there."""
    answer = environ["PATH_INFO"].encode() + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
