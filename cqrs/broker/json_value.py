"""What a message may hold: JSON that comes back from BSON exactly as it was given."""

from math import isfinite
from typing import Any

DEEPEST = 100
LEAST_INT, MOST_INT = -(2**63), 2**63 - 1
AS_IT_IS = frozenset({str, bool, type(None)})


class NotStorable(ValueError):
    """The value is no JSON, or JSON that MongoDB cannot hold; `path` leads to the place."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.path: tuple[str | int, ...] = ()
        super().__init__(reason)

    def __str__(self) -> str:
        where = "".join(f"[{step!r}]" for step in self.path)
        return f"value{where} {self.reason}"


def require_storable(value: Any) -> None:
    """Return when the value can be stored and read back unchanged. Raises NotStorable.

    Lone surrogates are not looked for: encoding finds them faster.
    """
    _walk(value, 0)


def _walk(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is dict:
        _require_depth(depth)
        for key, inner in value.items():
            if type(key) is not str:
                raise NotStorable(f"has the key {key!r}, which is no string")
            if "\0" in key:
                raise NotStorable(f"has the key {key!r}, which contains NUL")
            if type(inner) not in AS_IT_IS:
                _step(key, inner, depth)
    elif kind is list:
        _require_depth(depth)
        for index, inner in enumerate(value):
            if type(inner) not in AS_IT_IS:
                _step(index, inner, depth)
    elif kind not in AS_IT_IS:
        _require_number(value)


def _require_number(value: Any) -> None:
    kind = type(value)
    if kind is int:
        if not LEAST_INT <= value <= MOST_INT:
            raise NotStorable("is a whole number beyond 64 bits")
    elif kind is not float:
        # Subclasses too: they would come back as something else.
        raise NotStorable(f"is of type {kind.__name__}, which is not JSON")
    elif not isfinite(value):
        raise NotStorable("is not a finite number")


def _step(step: str | int, inner: Any, depth: int) -> None:
    try:
        _walk(inner, depth + 1)
    except NotStorable as error:
        error.path = (step, *error.path)
        raise


def _require_depth(depth: int) -> None:
    if depth >= DEEPEST:
        raise NotStorable(f"is nested deeper than {DEEPEST} levels")
