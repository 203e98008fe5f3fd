"""`/livez` for probes, which touches no store, and `/readyz` for operators, which names the store that fails."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cqrs.web.errors import FieldError
from cqrs.web.problem import ProblemType, render_problem
from cqrs.web.readiness import Probe, Readiness
from cqrs.web.renderers import encode_json

NOT_READY: Final = ProblemType("not-ready", 503, "A store does not answer")

_readiness: Final = Readiness()


def register_probe(name: str, probe: Probe) -> None:
    """Have `/readyz` ask `probe(timeout_seconds)` about the store `name`; it raises if the store does not serve.

    Raises:
        DuplicateRegistration: the store has a probe already.
    """
    _readiness.register(name, probe)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """200 as long as this process answers."""
    return HttpResponse(b'{"status":"alive"}', content_type="application/json")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if every store serves, else a 503 problem with one error for each that does not."""
    failures = _readiness.failures()
    if not failures:
        stores = dict.fromkeys(_readiness.names, "ready")
        return HttpResponse(encode_json({"status": "ready", "stores": stores}), content_type="application/json")
    return render_problem(
        NOT_READY,
        instance=request.path,
        detail=f"Not ready: {', '.join(sorted(failures))}.",
        field_errors=tuple(FieldError(name, reason, "unavailable") for name, reason in sorted(failures.items())),
        headers={"Retry-After": "1"},
    )
