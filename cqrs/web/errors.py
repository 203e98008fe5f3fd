"""What a view raises to refuse a request; `cqrs.web.problem` translates each into one problem document."""

from collections.abc import Iterable

import msgspec

from cqrs.errors import CqrsError


class FieldError(msgspec.Struct, frozen=True):
    """One reason for a refusal.

    `path` is where (`name.first`, `results[3].email`, a parameter, a header; "" is the whole), `code` is for programs.
    """

    path: str
    message: str
    code: str


class RequestRefused(CqrsError):
    """The root of what the edge refuses: the client has to send something else."""


class InvalidRequest(RequestRefused):
    """The body, a parameter or a header is not what the operation takes (400); `errors` names every reason."""

    def __init__(self, errors: Iterable[FieldError], *, detail: str = "The request is not valid.") -> None:
        self.errors = tuple(errors)
        super().__init__(detail)


class Unauthorized(RequestRefused):
    """Nobody is signed in, or not as anybody known (401)."""


class Forbidden(RequestRefused):
    """Whoever is signed in may not do this (403)."""


class NotFound(RequestRefused):
    """There is no such thing, or no more (404); `retry_after` (seconds) where it may appear soon."""

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail)


class Conflict(RequestRefused):
    """The request contradicts the present state (409)."""


class LengthRequired(RequestRefused):
    """The body came without a `Content-Length` (411)."""

    def __init__(self) -> None:
        super().__init__("Send the body with a Content-Length header; chunked bodies are taken only through the proxy.")


class StaleVersion(RequestRefused):
    """`If-Match` names no version that is the current one (412)."""

    def __init__(self, actual: int | None = None) -> None:
        self.actual = actual
        now = "" if actual is None else f"; it is now at version {actual}"
        super().__init__(f"The version named by If-Match is not the current one{now}.")


class PayloadTooLarge(RequestRefused):
    """The body is larger than the operation takes (413); `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"The body is larger than {limit} bytes.")


class UnsupportedMediaType(RequestRefused):
    """The body's media type, charset or content coding is not one that the operation reads (415)."""


class PreconditionRequired(RequestRefused):
    """A change needs `If-Match` (428)."""

    def __init__(self) -> None:
        super().__init__('Send If-Match with the ETag of the version to change, such as If-Match: "3".')
