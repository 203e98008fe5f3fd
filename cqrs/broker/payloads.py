"""Payloads as typed classes: JSON on the way in, the type on the way out, checked in both directions."""

from typing import Any

import msgspec

from cqrs.conversion import converted

JSON_TYPES = (dict, list, str, int, float, bool, type(None))


class WrongShape(ValueError):
    """A value does not have the shape of its payload type."""


def to_json(value: Any, payload: Any | None) -> Any:
    """Return the JSON of a value: an instance of the payload's type is spelled out, JSON stays as it is given.

    Raises WrongShape where it does not have the declared shape.
    """
    if payload is None:
        return value
    spelled = value if isinstance(value, JSON_TYPES) else _spelled(value)
    from_json(spelled, payload)
    return spelled


def from_json(value: Any, payload: Any | None) -> Any:
    """Return the value as the payload's type, or as it is where none was declared. Raises WrongShape."""
    if payload is None:
        return value
    try:
        return converted(value, payload)
    except msgspec.ValidationError as error:
        raise WrongShape(str(error)) from error


def _spelled(value: Any) -> Any:
    try:
        return msgspec.to_builtins(value)
    except (TypeError, ValueError) as error:
        raise WrongShape(str(error)) from error
