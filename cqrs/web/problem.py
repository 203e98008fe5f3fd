"""Errors as RFC 9457 problem documents: one table from exception to status, one place that writes the document."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.core import exceptions as django_errors
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf_errors

from cqrs.errors import CqrsError, DuplicateRegistration, Unavailable
from cqrs.web import errors
from cqrs.web.errors import FieldError
from cqrs.web.strict_json import JsonRefused

CONTENT_TYPE: Final = "application/problem+json"

_log = logging.getLogger(__name__)


class ProblemType(msgspec.Struct, frozen=True):
    """A kind of problem: its `type` is the permanent URI `/problems/<slug>`, described in docs/http.md.

    `detail` replaces the exception's own words where those are not meant for clients, `retry_after` (seconds) stands in
    where the exception has none. `challenge` is the `WWW-Authenticate` that a 401 must carry.
    """

    slug: str
    status: int
    title: str
    detail: str | None = None
    retry_after: float | None = None
    challenge: str | None = None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The document as it is sent; `errors` is left out when empty."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[FieldError, ...] = ()


INVALID_JSON: Final = ProblemType("invalid-json", 400, "The body is not acceptable JSON")
INVALID_REQUEST: Final = ProblemType("invalid-request", 400, "The request is not valid")
UNAUTHORIZED: Final = ProblemType("unauthorized", 401, "Nobody is signed in", challenge="Bearer")
FORBIDDEN: Final = ProblemType("forbidden", 403, "Not permitted")
NOT_FOUND: Final = ProblemType("not-found", 404, "Not found")
METHOD_NOT_ALLOWED: Final = ProblemType("method-not-allowed", 405, "The resource does not have this method")
NOT_ACCEPTABLE: Final = ProblemType("not-acceptable", 406, "The answer cannot be given in the format asked for")
CONFLICT: Final = ProblemType("conflict", 409, "The request contradicts the present state")
LENGTH_REQUIRED: Final = ProblemType("length-required", 411, "The body needs a Content-Length")
STALE_VERSION: Final = ProblemType("stale-version", 412, "The version is not the current one")
PAYLOAD_TOO_LARGE: Final = ProblemType("payload-too-large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType("unsupported-media-type", 415, "The body's format is not read here")
KEY_IN_USE: Final = ProblemType("idempotency-key-in-use", 409, "The first request is still being worked on")
KEY_REUSED: Final = ProblemType("idempotency-key-reused", 422, "The key belongs to another request")
PRECONDITION_REQUIRED: Final = ProblemType("precondition-required", 428, "A change needs If-Match")
TOO_MANY_REQUESTS: Final = ProblemType("too-many-requests", 429, "Too many requests", retry_after=1)
UNEXPECTED: Final = ProblemType("unexpected", 500, "Something went wrong here", detail="The failure has been logged.")
UNAVAILABLE: Final = ProblemType("unavailable", 503, "A store cannot be reached now", retry_after=1)

_REFUSED_BY_FRAMEWORK = "The request was refused."

_problem_types: dict[type[Exception], ProblemType] = {
    JsonRefused: INVALID_JSON,
    errors.InvalidRequest: INVALID_REQUEST,
    errors.Unauthorized: UNAUTHORIZED,
    errors.Forbidden: FORBIDDEN,
    errors.NotFound: NOT_FOUND,
    errors.Conflict: CONFLICT,
    errors.LengthRequired: LENGTH_REQUIRED,
    errors.StaleVersion: STALE_VERSION,
    errors.PayloadTooLarge: PAYLOAD_TOO_LARGE,
    errors.UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE,
    errors.PreconditionRequired: PRECONDITION_REQUIRED,
    Unavailable: UNAVAILABLE,
    drf_errors.ParseError: INVALID_REQUEST,
    drf_errors.ValidationError: INVALID_REQUEST,
    drf_errors.NotFound: NOT_FOUND,
    drf_errors.MethodNotAllowed: METHOD_NOT_ALLOWED,
    drf_errors.NotAcceptable: NOT_ACCEPTABLE,
    drf_errors.UnsupportedMediaType: UNSUPPORTED_MEDIA_TYPE,
    drf_errors.Throttled: TOO_MANY_REQUESTS,
    drf_errors.PermissionDenied: FORBIDDEN,
    Http404: msgspec.structs.replace(NOT_FOUND, detail="There is nothing at this address."),
    django_errors.PermissionDenied: msgspec.structs.replace(FORBIDDEN, detail="This is not permitted."),
    django_errors.RequestDataTooBig: msgspec.structs.replace(PAYLOAD_TOO_LARGE, detail="The body is too large."),
    django_errors.SuspiciousOperation: msgspec.structs.replace(INVALID_REQUEST, detail=_REFUSED_BY_FRAMEWORK),
    django_errors.BadRequest: msgspec.structs.replace(INVALID_REQUEST, detail=_REFUSED_BY_FRAMEWORK),
}


def register_problem(exception: type[Exception], problem_type: ProblemType) -> None:
    """Answer `exception` and its subclasses with `problem_type`; the nearest registered ancestor counts.

    Raises:
        DuplicateRegistration: the exception has its answer already.
    """
    if exception in _problem_types:
        raise DuplicateRegistration(f"the problem type of {exception.__qualname__}")
    _problem_types[exception] = problem_type


def problem_type_of(error: BaseException) -> ProblemType:
    """How `error` is answered; `UNEXPECTED` where neither its class nor an ancestor is registered."""
    for ancestor in type(error).__mro__:
        if found := _problem_types.get(ancestor):
            return found
    return UNEXPECTED


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's `EXCEPTION_HANDLER`: every exception of a view as a problem document."""
    return problem_response(context["request"], error)


def problem_response(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The answer to a request that ended in `error`; the unexpected is logged with its traceback, never the payload."""
    problem_type = problem_type_of(error)
    if problem_type.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log_failure(request, error, problem_type)
    retry_after = getattr(error, "retry_after", None) or getattr(error, "wait", None) or problem_type.retry_after
    return render_problem(
        problem_type,
        instance=request.path,
        detail=problem_type.detail or _own_words(error),
        field_errors=error.errors if isinstance(error, errors.InvalidRequest) else (),
        headers={} if retry_after is None else {"Retry-After": str(math.ceil(retry_after))},
    )


def render_problem(
    problem_type: ProblemType,
    *,
    instance: str,
    detail: str = "",
    field_errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A problem document without an exception behind it, for the few places that have none."""
    document = Problem(
        type=f"/problems/{problem_type.slug}",
        title=problem_type.title,
        status=problem_type.status,
        detail=detail or problem_type.detail or f"{problem_type.title}.",
        instance=instance,
        errors=field_errors,
    )
    body = msgspec.json.encode(document)
    sent = dict(headers or {}) | ({"WWW-Authenticate": problem_type.challenge} if problem_type.challenge else {})
    return HttpResponse(body, status=problem_type.status, content_type=CONTENT_TYPE, headers=sent)


def _own_words(error: BaseException) -> str:
    """What the exception says, if it was written for clients; a driver's words may hold addresses and data."""
    return str(error) if isinstance(error, (CqrsError, drf_errors.APIException)) else ""


def _log_failure(request: HttpRequest, error: BaseException, problem_type: ProblemType) -> None:
    fields = {"method": request.method, "path": request.path, "problem": problem_type.slug}
    if problem_type is UNEXPECTED:
        _log.error("unexpected error", exc_info=error, extra=fields)
    else:
        _log.warning("request failed", extra=fields | {"error": type(error).__name__})
