"""An answer as plain data, so that it can be stored with an idempotency key and sent again byte for byte."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec
from django.http import HttpResponse

from cqrs.web.renderers import encode_json


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Status, headers and body of an answer; the body is encoded already."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Self:
        """`value` (a struct or JSON types, datetimes and UUIDs included) as an `application/json` answer."""
        return cls(
            status=status, headers={"Content-Type": "application/json", **(headers or {})}, body=encode_json(value)
        )

    @classmethod
    def empty(cls, status: int = 204, headers: Mapping[str, str] | None = None) -> Self:
        """An answer without a body."""
        return cls(status=status, headers=dict(headers or {}), body=b"")

    def response(self) -> HttpResponse:
        """The same answer for Django to send."""
        return HttpResponse(self.body, status=self.status, headers=dict(self.headers))
