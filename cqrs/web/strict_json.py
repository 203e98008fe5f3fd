"""JSON that both stores can hold, and nothing else: what one of them would refuse later is refused here."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from cqrs.web.errors import FieldError, InvalidRequest, PayloadTooLarge

DEFAULT_MAX_BYTES: Final = 256 * 1024
DEFAULT_MAX_DEPTH: Final = 32
# Sixteen megabytes of `[],[],…` would become half a gigabyte of objects. Five thousand users need about half of this.
MAX_VALUES: Final = 500_000

_BOM: Final = b"\xef\xbb\xbf"
_INT64_DIGITS: Final = 20
# From the first character that is no white space: blank lines are passed over at the speed of C.
_LINE: Final = re.compile(rb"\S[^\n]*")
# Only an escape can bring these in: raw NULs are control characters and raw surrogates are not UTF-8.
_SUSPICIOUS_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class JsonRefused(InvalidRequest):
    """The bytes are not JSON, or are JSON that a store cannot hold (400).

    `code` says which rule, `path` and `offset` (in bytes) where, as far as that is known.
    """

    def __init__(self, code: str, message: str, *, path: str = "", offset: int | None = None) -> None:
        self.code = code
        self.path = path
        self.offset = offset
        where = "" if offset is None else f" (byte {offset})"
        super().__init__([FieldError(path, f"{message}{where}", code)], detail="The body is not acceptable JSON.")


def decode(raw: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES, max_depth: int = DEFAULT_MAX_DEPTH) -> Any:
    """The Python value of one JSON text.

    Integers fit 64 bits, floats are finite, strings hold neither NUL nor lone surrogates, keys are unique in their
    object, nesting is at most `max_depth`, and there are at most `MAX_VALUES` commas and opening brackets.

    Raises:
        PayloadTooLarge: more than `max_bytes`.
        JsonRefused: any other rule is broken.
    """
    if len(raw) > max_bytes:
        raise PayloadTooLarge(max_bytes)
    brackets = raw.count(b"{") + raw.count(b"[")
    if brackets + raw.count(b",") > MAX_VALUES:
        raise JsonRefused("length", f"More than {MAX_VALUES} values")
    text = _text(raw)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        raise JsonRefused("json", f"Not JSON: {error.msg.strip().rstrip(':')}", offset=offset) from error
    except RecursionError:
        raise _too_deep(max_depth) from None
    # Fewer brackets than the limit cannot nest beyond it: the usual body is let through by two counts.
    if brackets > max_depth and _nests_beyond(value, max_depth):
        raise _too_deep(max_depth)
    if _SUSPICIOUS_ESCAPE.search(raw):
        _refuse_unstorable_text(value, "")
    return value


def decode_lines(
    raw: bytes, *, max_line_bytes: int = DEFAULT_MAX_BYTES, max_depth: int = DEFAULT_MAX_DEPTH
) -> Iterator[tuple[int, Any | JsonRefused]]:
    """The values of newline-delimited JSON, as (index, value or the reason why that line is refused).

    Blank lines are skipped and not counted, so indexes are those of the records. A bad line does not hide the others.
    """
    for index, line in enumerate(_LINE.finditer(raw)):
        try:
            yield index, decode(line[0], max_bytes=max_line_bytes, max_depth=max_depth)
        except PayloadTooLarge as error:
            yield index, JsonRefused("length", f"The line is larger than {error.limit} bytes")
        except JsonRefused as error:
            yield index, error


def _text(raw: bytes) -> str:
    if raw.startswith(_BOM):
        raise JsonRefused("bom", "A byte order mark is not JSON", offset=0)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise JsonRefused("utf8", "Not UTF-8", offset=error.start) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise JsonRefused("duplicate_key", "A key occurs twice in one object", path=_repeated_key(pairs))
    return result


def _repeated_key(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return _printable(key)
        seen.add(key)
    return ""


def _integer(digits: str) -> int:
    # The length comes first: converting hundreds of thousands of digits is quadratic.
    if len(digits) <= _INT64_DIGITS:
        value = int(digits)
        if -(2**63) <= value < 2**63:
            return value
    raise JsonRefused("range", "An integer does not fit 64 bits")


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonRefused("range", "A number is too large")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise JsonRefused("json", f"Not JSON: {name}")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_finite, parse_constant=_refuse_constant
)


def _nests_beyond(value: Any, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth):
        level = [
            child
            for container in level
            for child in (container.values() if type(container) is dict else container)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def _too_deep(max_depth: int) -> JsonRefused:
    return JsonRefused("depth", f"Nested deeper than {max_depth} levels")


def _refuse_unstorable_text(value: Any, path: str) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise JsonRefused("text", "A text holds NUL or a lone surrogate", path=path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_unstorable_text(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if _UNSTORABLE.search(key):
                raise JsonRefused("text", "A key holds NUL or a lone surrogate", path=path)
            _refuse_unstorable_text(item, f"{path}.{_printable(key)}" if path else _printable(key))


def _printable(key: str) -> str:
    """A key of the client's as part of an answer: short, and text that can be encoded."""
    return key[:64].encode("utf-8", "replace").decode()
