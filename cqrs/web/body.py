"""Reading a request's body: bounded, whole, and not compressed."""

from django.http import HttpRequest
from django.http.request import UnreadablePostError

from cqrs.web.errors import FieldError, InvalidRequest, LengthRequired, PayloadTooLarge, UnsupportedMediaType


def read_body(request: HttpRequest, limit: int) -> bytes:
    """All bytes of the body, which are at most `limit`; a body that is announced as larger is not read at all.

    Raises:
        PayloadTooLarge: the body is larger than `limit`.
        LengthRequired: the body has no length, so the server hides it from Django.
        UnsupportedMediaType: the body has a content coding.
        InvalidRequest: fewer bytes came than were announced.
    """
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    announced = _announced_length(request)
    if announced > limit:
        raise PayloadTooLarge(limit)
    try:
        raw = request.read(limit + 1)
    except UnreadablePostError as error:
        raise _cut_short() from error
    if len(raw) > limit:
        raise PayloadTooLarge(limit)
    if len(raw) < announced:
        raise _cut_short()
    return raw


def _announced_length(request: HttpRequest) -> int:
    header = request.META.get("CONTENT_LENGTH") or ""
    if not header:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            raise LengthRequired
        return 0
    if not (header.isascii() and header.isdigit() and len(header) <= 18):  # noqa: PLR2004 - more is no real length
        raise InvalidRequest([FieldError("Content-Length", "Not a length in bytes", "format")])
    return int(header)


def _cut_short() -> InvalidRequest:
    return InvalidRequest([FieldError("", "The body ended before its Content-Length", "length")])
