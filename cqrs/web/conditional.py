"""Conditional requests: the version of an aggregate is its `ETag`, and `If-Match` guards every change."""

import re
from typing import Final

from django.http import HttpRequest
from rest_framework.request import Request

from cqrs.web.errors import FieldError, InvalidRequest, PreconditionRequired

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ITEM: Final = rf"[ \t]*(?:{_TAG}[ \t]*)?"
_LIST: Final = re.compile(rf"{_ITEM}(?:,{_ITEM})*")
_STRONG_VERSION: Final = re.compile(r'(?<!W/)"([1-9][0-9]{0,17})"')
_MAX_HEADER: Final = 1024


def etag(version: int) -> str:
    """The strong entity tag of a version: `"3"`."""
    return f'"{version}"'


def required_versions(request: HttpRequest | Request) -> frozenset[int] | None:
    """The versions that `If-Match` allows to be changed; None for `*`, any version that exists.

    Tags compare strongly: a weak one, or one that is no version of ours, is allowed to stand there but matches nothing,
    so the set may be empty, and the change is then refused as stale (412).

    Raises:
        PreconditionRequired: the header is missing (428).
        InvalidRequest: it is neither `*` nor a list of entity tags (400).
    """
    header = request.META.get("HTTP_IF_MATCH")
    if header is None:
        raise PreconditionRequired
    if header.strip() == "*":
        return None
    if len(header) > _MAX_HEADER or '"' not in header or not _LIST.fullmatch(header):
        raise InvalidRequest([FieldError("If-Match", 'Expected "<version>", a list of them, or *', "format")])
    return frozenset(int(version) for version in _STRONG_VERSION.findall(header))
