"""One schema, every mistake: msgspec stops at the first error, so on failure its types are tried field by field."""

import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from cqrs.conversion import converted
from cqrs.web.errors import FieldError, InvalidRequest

T = TypeVar("T")

MAX_ERRORS: Final = 100
_MAX_TEXT: Final = 200


class FieldRefused(ValueError):
    """Raised in a struct's `__post_init__` to refuse one of its fields; a plain ValueError refuses the whole struct."""

    def __init__(self, field: str, message: str, code: str = "invalid") -> None:
        self.field = field
        self.code = code
        super().__init__(message)


def validate(value: Any, schema: type[T], *, path: str = "", strict: bool = True) -> T:
    """`value` (of JSON types) as a `schema`, by msgspec's rules alone.

    `path` stands before every reported path; without `strict`, numbers and booleans may come as text (query strings).

    Raises:
        InvalidRequest: with all field errors, at most `MAX_ERRORS`.
    """
    try:
        return converted(value, schema, strict=strict)
    except msgspec.ValidationError as error:
        raise InvalidRequest(_first(_errors(value, schema, path, strict))) from error


def join(path: str, name: str) -> str:
    """The path of a member: `name` at the top, `path.name` below."""
    return f"{path}.{name}" if path else name


def _first(errors: Iterator[FieldError]) -> list[FieldError]:
    return [error for error, _ in zip(errors, range(MAX_ERRORS), strict=False)]


def _errors(value: Any, schema: Any, path: str, strict: bool) -> Iterator[FieldError]:
    """What is wrong with `value`: its members' errors if there are any, else its own."""
    try:
        converted(value, schema, strict=strict)
    except msgspec.ValidationError as error:
        nothing_below = True
        for below in _member_errors(value, _shape(schema), path, strict):
            nothing_below = False
            yield below
        if nothing_below:
            yield _own_error(error, path)


def _shape(schema: Any) -> Any:
    """The part of a type that has members: without constraints, and of a union the alternative with fields."""
    if get_origin(schema) is Annotated:
        return _shape(get_args(schema)[0])
    if get_origin(schema) in (Union, types.UnionType):
        shapes = [_shape(alternative) for alternative in get_args(schema)]
        with_members = [shape for shape in shapes if _is_struct(shape) or get_origin(shape) in (list, tuple, dict)]
        return with_members[0] if len(with_members) == 1 else None
    return schema


def _member_errors(value: Any, shape: Any, path: str, strict: bool) -> Iterator[FieldError]:
    if isinstance(value, dict) and _is_struct(shape):
        yield from _struct_errors(value, shape, path, strict)
    elif isinstance(value, dict) and get_origin(shape) is dict:
        member = get_args(shape)[1]
        for key, item in value.items():
            yield from _errors(item, member, join(path, _short(key)), strict)
    elif isinstance(value, list) and (member := _item_type(shape)) is not None:
        for index, item in enumerate(value):
            yield from _errors(item, member, f"{path}[{index}]", strict)


def _struct_errors(
    value: dict[str, Any], struct: type[msgspec.Struct], path: str, strict: bool
) -> Iterator[FieldError]:
    fields = msgspec.structs.fields(struct)
    for field in fields:
        if field.encode_name in value:
            yield from _errors(value[field.encode_name], field.type, join(path, field.encode_name), strict)
        elif _is_required(field):
            yield FieldError(join(path, field.encode_name), "Required", "required")
    if struct.__struct_config__.forbid_unknown_fields:
        known = {field.encode_name for field in fields}
        for name in value.keys() - known:
            yield FieldError(join(path, _short(name)), "Not a field of this object", "unknown")


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)


def _item_type(shape: Any) -> Any | None:
    arguments = get_args(shape)
    if get_origin(shape) is list or (get_origin(shape) is tuple and arguments[1:] == (...,)):
        return arguments[0]
    return None


def _is_required(field: FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


_CODES: Final = (
    (re.compile(r"of length"), "length"),
    (re.compile(r"matching regex|^Invalid (?!enum)"), "format"),
    (re.compile(r"(?:<=|>=|<|>) |multiple of|out of range"), "range"),
    (re.compile(r"^Invalid enum"), "choice"),
    (re.compile(r"^Object missing"), "required"),
    (re.compile(r"unknown field"), "unknown"),
    (re.compile(r"^Expected"), "type"),
)
# msgspec's own words would repeat the client's value or show a regular expression.
_PLAIN_WORDS: Final = {"choice": "Not one of the allowed values", "format": "Not in the expected format"}
_POSITION: Final = re.compile(r" - at `[^`]*`$")


def _own_error(error: msgspec.ValidationError, path: str) -> FieldError:
    cause = error.__cause__
    if isinstance(cause, FieldRefused):
        return FieldError(join(path, cause.field), _short(str(cause)), cause.code)
    if cause is not None:
        return FieldError(path, _short(str(cause)), "invalid")
    message = _POSITION.sub("", str(error))
    code = next((code for pattern, code in _CODES if pattern.search(message)), "invalid")
    return FieldError(path, _PLAIN_WORDS.get(code) or _short(message), code)


def _short(text: str) -> str:
    """Words from the client's data, cut so that an answer cannot be blown up by what was sent."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
