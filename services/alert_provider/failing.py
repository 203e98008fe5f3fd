"""The answers of a provider that fails."""

import threading
from collections.abc import Callable, Iterator
from typing import Final

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from cqrs.web.problem import CONTENT_TYPE, ProblemType, render_problem
from services.alert_provider.behaviour import Answer

TOLD_TO_FAIL: Final = ProblemType("provider-failing", 500, "The provider was told to fail")
TOLD_TO_BE_BUSY: Final = ProblemType("provider-busy", 429, "The provider was told to be busy", retry_after=3)
TOLD_TO_REFUSE: Final = ProblemType("provider-refusing", 422, "The provider was told to refuse")
TOLD_TO_HANG: Final = ProblemType("provider-hanging", 503, "The provider was told to hang")
TOLD_TO_CLOSE: Final = ProblemType("provider-closing", 503, "The provider was told to close the connection")

# Longer than whoever notifies has patience. A thread hangs with each, so there are few at a time; nobody else, and no
# store, waits for them.
HANG_SECONDS: Final = 6.0
HANGING_AT_ONCE: Final = 2
_places = threading.BoundedSemaphore(HANGING_AT_ONCE)


def failure(answer: Answer, instance: str) -> HttpResponseBase | None:
    """Return how a request to `instance` (its path) is failed; None where it is to be taken."""
    failing = _FAILURES.get(answer)
    return None if failing is None else failing(instance)


def _error(instance: str) -> HttpResponse:
    return render_problem(TOLD_TO_FAIL, instance=instance)


def _busy(instance: str) -> HttpResponse:
    headers = {"Retry-After": f"{TOLD_TO_BE_BUSY.retry_after:.0f}"}
    return render_problem(TOLD_TO_BE_BUSY, instance=instance, headers=headers)


def _refusal(instance: str) -> HttpResponse:
    return render_problem(TOLD_TO_REFUSE, instance=instance)


def _closing(instance: str) -> HttpResponse:
    # nginx does it: a replica that closed would count as failing, and be left out for everybody. Without nginx it is
    # a 503.
    return render_problem(TOLD_TO_CLOSE, instance=instance, headers={"X-Accel-Redirect": "/_close"})


def _hanging(instance: str) -> StreamingHttpResponse:
    # The server waits for the first piece after all layers of the application have been left.
    late = _late(render_problem(TOLD_TO_HANG, instance=instance).content)
    return StreamingHttpResponse(late, status=TOLD_TO_HANG.status, content_type=CONTENT_TYPE)


def _late(content: bytes) -> Iterator[bytes]:
    if _places.acquire(blocking=False):
        try:
            threading.Event().wait(HANG_SECONDS)
        finally:
            _places.release()
    yield content


_FAILURES: Final[dict[str, Callable[[str], HttpResponseBase]]] = {
    "error": _error,
    "busy": _busy,
    "refuse": _refusal,
    "hang": _hanging,
    "close": _closing,
}
