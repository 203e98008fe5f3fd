"""The header `Options`: JSON in a text, which goes with a message as it is."""

from cqrs.delivery.message_format import OPTIONS
from cqrs.web.api_view import ApiRequest
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.strict_json import JsonRefused, decode

MOST_CHARACTERS = 1000


def options_of(request: ApiRequest) -> str | None:
    """Return the options of a request, None without the header.

    Raises InvalidRequest where they are no JSON that a store can hold, too long, or not ASCII, which JSON can escape.
    """
    text: str | None = request.headers.get(OPTIONS)
    if text is None:
        return None
    if len(text) > MOST_CHARACTERS or not text.isascii():
        raise _refused(f"Expected at most {MOST_CHARACTERS} ASCII characters", "length")
    try:
        decode(text.encode())
    except JsonRefused as error:
        raise _refused("Expected JSON", error.code) from error
    return text


def _refused(message: str, code: str) -> InvalidRequest:
    return InvalidRequest([FieldError(OPTIONS, message, code)])
