"""REST framework parsers over strict JSON; each is exact about its media type and takes UTF-8 only."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, Protocol

from rest_framework.parsers import BaseParser

from cqrs.web import strict_json
from cqrs.web.errors import FieldError, InvalidRequest, PayloadTooLarge, UnsupportedMediaType

DEFAULT_BODY_LIMIT: Final = strict_json.DEFAULT_MAX_BYTES
BULK_BODY_LIMIT: Final = 16 * 1024 * 1024
DEFAULT_MAX_LINES: Final = 5_000


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class JsonParser(BaseParser):
    """`application/json`: `request.data` is the decoded value, of any JSON type."""

    media_type = "application/json"

    def parse(
        self, stream: _Readable, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value of the body.

        Raises:
            JsonRefused, PayloadTooLarge: see `cqrs.web.strict_json.decode`.
            UnsupportedMediaType: another charset than UTF-8.
        """
        limit = _limit(parser_context)
        return strict_json.decode(_read(stream, media_type, limit), max_bytes=limit)


class MergePatchParser(JsonParser):
    """`application/merge-patch+json` (RFC 7396)."""

    media_type = "application/merge-patch+json"


class NdjsonParser(BaseParser):
    """`application/x-ndjson`: `request.data` is a list of (index, value or `JsonRefused`), one for each line."""

    media_type = "application/x-ndjson"

    def parse(
        self, stream: _Readable, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The lines as a list; a line that is refused stands beside the others.

        Raises:
            PayloadTooLarge: the body is beyond the view's limit.
            InvalidRequest: there are more lines than the view's `max_lines`; what follows them is not read.
            UnsupportedMediaType: another charset than UTF-8.
        """
        lines = strict_json.decode_lines(_read(stream, media_type, _limit(parser_context)))
        most: int = getattr((parser_context or {}).get("view"), "max_lines", DEFAULT_MAX_LINES)
        records = list(islice(lines, most + 1))
        if len(records) > most:
            raise InvalidRequest([FieldError("", f"More than {most} lines", "length")])
        return records


def media_type_of(content_type: str) -> str:
    """The media type of a `Content-Type` header without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _limit(parser_context: Mapping[str, Any] | None) -> int:
    limit: int = getattr((parser_context or {}).get("view"), "body_limit", DEFAULT_BODY_LIMIT)
    return limit


def _read(stream: _Readable, content_type: str | None, limit: int) -> bytes:
    parameters = (content_type or "").partition(";")[2].lower()
    charset = parameters.partition("charset=")[2].partition(";")[0].strip().strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise UnsupportedMediaType("Send the body in UTF-8.")
    raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise PayloadTooLarge(limit)
    return raw
