"""JSON Web Tokens (RFC 7519), signed with HMAC-SHA256: who somebody is, until when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import msgspec

from cqrs.clock import now
from services.tickets.accounts.errors import NotSignedIn

ALGORITHM = "HS256"
# RFC 7518, 3.2: a key of the size of the hash at least.
LEAST_KEY = 32
AUDIENCE = "tickets"
CLOCKS_DIFFER_SECONDS = 5


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a token names."""

    user_id: UUID
    email: str


class Tokens:
    """Makes tokens with `key` that hold for `seconds`, and reads them."""

    def __init__(self, key: str, *, seconds: int) -> None:
        self._key = key
        self.seconds = seconds

    def issue(self, user: User) -> str:
        """Return a token that names the user."""
        issued = now()
        claims = {
            "sub": str(user.user_id),
            "email": user.email,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + timedelta(seconds=self.seconds),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM)

    def read(self, token: str) -> User:
        """Return whom a token names. Raises NotSignedIn where it is not ours, or does not hold any more."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                leeway=CLOCKS_DIFFER_SECONDS,
                options={"require": ["sub", "email", "iat", "exp"]},
            )
            return User(user_id=UUID(claims["sub"]), email=str(claims["email"]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise NotSignedIn from error
