"""Who sends a request: the token stands in the `Authorization` header or in a cookie."""

from django.http import HttpRequest
from rest_framework.request import Request

from services.tickets.accounts.accounts import accounts
from services.tickets.accounts.errors import NotSignedIn
from services.tickets.accounts.token import User

COOKIE = "session"
SCHEME = "bearer"


def signed_in(request: HttpRequest | Request) -> User:
    """Return who sends the request. Raises NotSignedIn."""
    token = _token(request)
    if token is None:
        raise NotSignedIn
    return accounts().tokens.read(token)


def _token(request: HttpRequest | Request) -> str | None:
    scheme, _, value = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == SCHEME:
        return str(value.strip())
    found: str | None = request.COOKIES.get(COOKIE)
    return found
