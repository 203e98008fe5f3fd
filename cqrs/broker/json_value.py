"""What a message may hold: JSON that comes back from BSON exactly as it was given."""

from collections.abc import Iterable
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
        _require_names(value)
        inside: Iterable[tuple[str | int, Any]] = value.items()
    elif kind is list:
        inside = enumerate(value)
    else:
        _require_scalar(value)
        return
    if depth >= DEEPEST:
        raise NotStorable(f"is nested deeper than {DEEPEST} levels")
    for step, inner in inside:
        # Most values end here: a call for each of them would cost more than all the rest.
        kind = type(inner)
        if kind in AS_IT_IS or (kind is int and LEAST_INT <= inner <= MOST_INT) or (kind is float and isfinite(inner)):
            continue
        try:
            _walk(inner, depth + 1)
        except NotStorable as error:
            error.path = (step, *error.path)
            raise


def _require_names(value: dict[Any, Any]) -> None:
    for name in value:
        if type(name) is not str:
            raise NotStorable(f"has the key {name!r}, which is no string")
        if "\0" in name:
            raise NotStorable(f"has the key {name!r}, which contains NUL")


def _require_scalar(value: Any) -> None:
    kind = type(value)
    if kind is int:
        if not LEAST_INT <= value <= MOST_INT:
            raise NotStorable("is a whole number beyond 64 bits")
    elif kind is float:
        if not isfinite(value):
            raise NotStorable("is not a finite number")
    elif kind not in AS_IT_IS:
        # Subclasses too: they would come back as something else.
        raise NotStorable(f"is of type {kind.__name__}, which is not JSON")
