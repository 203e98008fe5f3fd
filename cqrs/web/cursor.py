"""Page cursors: opaque to clients, bound to their query, and refused when anything about them was changed."""

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from typing import Annotated, Final, TypeVar

import msgspec
from django.conf import settings
from django.utils.encoding import force_bytes

from cqrs.conversion import decoded_msgpack
from cqrs.web.errors import FieldError, InvalidRequest

T = TypeVar("T", bound=msgspec.Struct)

Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]
"""The type of a `limit` parameter; a list's parameters are a struct with `limit: Limit = 10`."""

CursorText = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
"""The type of a `cursor` parameter."""

_VERSION: Final = b"1"
_SEAL_BYTES: Final = 12


def encode_cursor(position: msgspec.Struct, filters: Mapping[str, str | None]) -> str:
    """A cursor for the page after `position`, usable only with the same `filters`."""
    payload = msgspec.msgpack.encode(position)
    return base64.urlsafe_b64encode(_seal(payload, filters) + payload).decode().rstrip("=")


def decode_cursor(cursor: str, position: type[T], filters: Mapping[str, str | None]) -> T:
    """The position within `cursor`, a struct of type `position`.

    Raises:
        InvalidRequest: it is no cursor of ours, was changed, or belongs to a query with other filters (400).
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        seal, payload = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if seal != _seal(payload, filters):
            raise _refused()
        return decoded_msgpack(payload, position)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise _refused() from error


def _seal(payload: bytes, filters: Mapping[str, str | None]) -> bytes:
    given = sorted((name, value) for name, value in filters.items() if value is not None)
    digest = blake2b(_VERSION, digest_size=_SEAL_BYTES, key=_key())
    digest.update(msgspec.msgpack.encode((given, payload)))
    return digest.digest()


@cache
def _key() -> bytes:
    return blake2b(force_bytes(settings.SECRET_KEY), person=b"cqrs.cursor").digest()


def _refused() -> InvalidRequest:
    return InvalidRequest([FieldError("cursor", "Not a cursor of this query; start without one", "format")])
