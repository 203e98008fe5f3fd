"""The query string as a msgspec struct, with the same rules and errors as a body."""

import re
from functools import cache
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from django.http import HttpRequest
from rest_framework.request import Request

from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.validation import validate

T = TypeVar("T", bound=msgspec.Struct)

MAX_PARAMETERS: Final = 50
MAX_VALUE_LENGTH: Final = 1024
_OPERATOR: Final = re.compile(r"[\[\]$]")


def parse_query(request: HttpRequest | Request, schema: type[T]) -> T:
    """The parameters as a `schema`, whose numbers are read from text.

    A parameter that the schema does not know is ignored, as links pick up tracking parameters on their way; one that
    looks like a database operator (`email[$ne]`) is refused, and so is one that stands there twice.

    Raises:
        InvalidRequest: with every reason; paths are the parameters' names.
    """
    pairs = _pairs(request.META.get("QUERY_STRING", ""))
    values = dict(pairs)
    known = _names(schema)
    if errors := _lexical_errors(pairs, values, known):
        raise InvalidRequest(errors)
    return validate({name: value for name, value in values.items() if name in known}, schema, strict=False)


@cache
def _names(schema: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(schema))


def _pairs(query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        # WSGI hands bytes over as latin-1; whatever is not UTF-8 then, percent-encoded or not, is refused.
        text = query if query.isascii() else query.encode("latin-1").decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeError as error:
        raise InvalidRequest([FieldError("", "The query string is not UTF-8", "utf8")]) from error
    except ValueError as error:
        raise InvalidRequest([FieldError("", f"More than {MAX_PARAMETERS} parameters", "length")]) from error


def _lexical_errors(pairs: list[tuple[str, str]], values: dict[str, str], known: frozenset[str]) -> list[FieldError]:
    errors = [FieldError(name[:64], "Not a parameter", "unknown") for name in values if _OPERATOR.search(name)]
    errors += [FieldError(name, "Contains NUL", "text") for name in values if name in known and "\0" in values[name]]
    errors += [
        FieldError(name, f"Longer than {MAX_VALUE_LENGTH} characters", "length")
        for name, value in values.items()
        if name in known and len(value) > MAX_VALUE_LENGTH
    ]
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        errors += [
            FieldError(name, "Given more than once", "repeated")
            for name in values.keys() & known
            if names.count(name) > 1
        ]
    return errors
