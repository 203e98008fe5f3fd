"""The key under which a client repeats a write, and what a store needs to know it again by."""

import re
from hashlib import sha256
from typing import Final

import msgspec

from cqrs.errors import CqrsError
from cqrs.web.api_view import ApiRequest
from cqrs.web.errors import FieldError, InvalidRequest
from cqrs.web.problem import KEY_IN_USE, KEY_REUSED, register_problem

HEADER: Final = "Idempotency-Key"

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class KeyInUse(CqrsError):
    """A request with this key is being worked on; its answer can be asked for in a moment (409)."""

    retry_after = 1.0

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is still being worked on.")


class KeyReused(CqrsError):
    """The key has answered another request already (422)."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a request with another body or content type.")


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True):
    """`scope` stands for method, path and key, `fingerprint` for content type and body; 32 bytes each."""

    scope: bytes
    fingerprint: bytes


def register_idempotency_problems() -> None:
    """Tell the table of problems about this module's errors; the composition root calls it once."""
    register_problem(KeyInUse, KEY_IN_USE)
    register_problem(KeyReused, KEY_REUSED)


def idempotency_key(request: ApiRequest) -> IdempotencyKey | None:
    """The request's key, None without one.

    Raises:
        InvalidRequest: not 1 to 255 visible ASCII characters.
        PayloadTooLarge, LengthRequired, UnsupportedMediaType: see `ApiRequest.raw_body`.
    """
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidRequest([FieldError(HEADER, "Expected 1 to 255 visible ASCII characters", "format")])
    return IdempotencyKey(
        scope=sha256(f"{request.method} {request.get_full_path()} {key}".encode()).digest(),
        fingerprint=sha256(request.content_type.encode() + b"\0" + request.raw_body).digest(),
    )
