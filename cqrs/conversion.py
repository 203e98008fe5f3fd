"""Turning plain values and encoded ones into types, from several threads, for the first time as well.

msgspec looks a type up when it is first converted to, and keeps what it has found on the type before all of it is
there: a second thread that comes in between follows a null pointer and takes the process with it (0.22.0; seen in
replicas whose first requests came together). So a type is made ready by one thread, and used only then. Nothing else in
the package may convert to a type: a test holds it to that.
"""

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_ready: set[Any] = set()
_making_ready = threading.Lock()


def converted(value: object, kind: type[T], *, strict: bool = True) -> T:
    """Return the plain value as `kind`, as `msgspec.convert` does. Raises msgspec.ValidationError."""
    _make_ready(kind)
    return msgspec.convert(value, kind, strict=strict)


def decoded_json(text: bytes | str, kind: type[T]) -> T:
    """Return the JSON as `kind`. Raises msgspec.DecodeError, whose kind for what is JSON but does not fit is
    msgspec.ValidationError."""
    _make_ready(kind)
    return msgspec.json.decode(text, type=kind)


def decoded_msgpack(octets: bytes, kind: type[T]) -> T:
    """Return the MessagePack as `kind`. Raises as `decoded_json` does."""
    _make_ready(kind)
    return msgspec.msgpack.decode(octets, type=kind)


def _make_ready(kind: Any) -> None:
    if kind in _ready:
        return
    with _making_ready:
        # A decoder looks the type up, and every type within.
        msgspec.json.Decoder(kind)
        _ready.add(kind)
