"""Errors outside REST framework, as problem documents too: Django's own pages never reach an API client."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from cqrs.web import problem

_PROBLEM_TYPES: Final = {
    problem_type.status: problem_type
    for problem_type in (
        problem.INVALID_REQUEST,
        problem.NOT_FOUND,
        problem.METHOD_NOT_ALLOWED,
        problem.PAYLOAD_TOO_LARGE,
        problem.UNAVAILABLE,
    )
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler400`: also for what Django calls suspicious, such as a foreign `Host`."""
    return problem.problem_response(request, exception or BadRequest())


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """`handler403`."""
    return problem.problem_response(request, exception or PermissionDenied())


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    """`handler404`; the exception of the resolver lists URL patterns, so it is not repeated."""
    return problem.problem_response(request, Http404())


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`; Django has logged the exception."""
    return problem.render_problem(problem.UNEXPECTED, instance=request.path)


class ProblemPagesMiddleware:
    """Replaces error answers that are no problem documents, such as Django's bare 405, keeping their headers.

    Only a browser outside `/api` that asks for HTML keeps an HTML page (Django's, in debug mode).
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the layers within, or the problem document that stands for it."""
        response = self._get_response(request)
        if (
            response.status_code < HTTPStatus.BAD_REQUEST
            or response.headers.get("Content-Type") == problem.CONTENT_TYPE
        ):
            return response
        if not request.path.startswith("/api") and "text/html" in request.META.get("HTTP_ACCEPT", ""):
            return response
        kept = {name: value for name, value in response.items() if name not in ("Content-Type", "Content-Length")}
        response.close()
        return problem.render_problem(_problem_type(response.status_code), instance=request.path, headers=kept)


def _problem_type(status: int) -> problem.ProblemType:
    if known := _PROBLEM_TYPES.get(status):
        return known
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem.UNEXPECTED
    return problem.ProblemType("refused", status, "The request was refused")
