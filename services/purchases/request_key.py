"""Which request a purchase came with, so that a repeated one gets the same purchase and not another."""

from hashlib import sha256

import msgspec

from cqrs.web.api_view import ApiRequest
from cqrs.web.idempotency import idempotency_key


class RequestKey(msgspec.Struct, frozen=True, kw_only=True):
    """`scope` names the request by its `Idempotency-Key`, `fingerprint` is that of its content; 32 bytes each."""

    scope: bytes
    fingerprint: bytes


def request_key(request: ApiRequest) -> RequestKey | None:
    """Return the key of a request, None where it came without one.

    Raises InvalidRequest where it is not 1 to 255 visible ASCII characters.
    """
    key = idempotency_key(request)
    if key is None:
        return None
    return RequestKey(
        scope=sha256(f"{request.method} {request.get_full_path()} {key}".encode()).digest(),
        fingerprint=sha256(request.content_type.encode() + b"\0" + request.raw_body).digest(),
    )
