"""Telling whose a request is by its signature, as Standard Webhooks (standardwebhooks.com) have it.

The signature is the HMAC-SHA256 of `id.timestamp.body`, in base64, under a secret that both sides know. The sender has
code of its own for it: this side shares nothing with it but the secret.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from cqrs.web.errors import FieldError, InvalidRequest

# An older request may have been recorded by somebody and sent again; a later one cannot be.
TOLERANCE_SECONDS: Final = 300
MAX_ID: Final = 255
_MOST_DIGITS: Final = 12


def verify(key: bytes | None, headers: Mapping[str, str], body: bytes, *, now: float) -> str:
    """Return the id of a request that is signed under `key`; `now` is in seconds since 1970 UTC.

    Raises InvalidRequest where it is not, where it is more than five minutes away from now, and where there is no key.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (1 <= len(message_id) <= MAX_ID and message_id.isascii() and message_id.isprintable()):
        raise _refused("webhook-id", "Expected 1 to 255 visible ASCII characters", "format")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _MOST_DIGITS):
        raise _refused("webhook-timestamp", "Expected seconds since 1970 UTC", "format")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise _refused("webhook-timestamp", "More than five minutes away from now", "range")
    if key is None or not _is_signed(key, f"{message_id}.{timestamp}.".encode() + body, headers):
        raise _refused("webhook-signature", "Not signed with the secret of this provider", "signature")
    return message_id


def _is_signed(key: bytes, content: bytes, headers: Mapping[str, str]) -> bool:
    wanted = b"v1," + b64encode(hmac.digest(key, content, sha256))
    # There may be several, while a secret is changed.
    given = headers.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    return any(hmac.compare_digest(wanted, one) for one in given)


def _refused(header: str, message: str, code: str) -> InvalidRequest:
    return InvalidRequest([FieldError(header, message, code)])
