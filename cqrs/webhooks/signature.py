"""Signing what is sent, so that whoever gets it can tell whose it is: as Standard Webhooks (standardwebhooks.com) do.

The signature is the HMAC-SHA256 of `id.timestamp.body`, in base64, under a secret that both sides know.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from hashlib import sha256

from cqrs.webhooks.errors import InvalidSecret

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for: `whsec_` and 24 to 64 bytes in base64. Raises InvalidSecret."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # Without the cause, which could repeat the secret.
        raise InvalidSecret from None
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise InvalidSecret
    return key


def signed_headers(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers that go with a body; `timestamp` is in seconds since 1970 UTC."""
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{b64encode(signature).decode()}",
    }
