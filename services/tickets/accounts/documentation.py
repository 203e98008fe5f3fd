"""What Swagger UI says about accounts."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import Reply, operation
from services.tickets.accounts.accounts import Credentials

View = TypeVar("View", bound=Callable[..., Any])

TAG = "Accounts (MongoDB)"
CREDENTIALS: dict[str, Any] = {"email": "ada@example.org", "password": "correct horse"}
ACCOUNT: dict[str, Any] = {"id": "0193494e-3b1c-7c5a-8c52-0242ac120002", "email": "ada@example.org"}
COOKIE = ("Set-Cookie", "The token as a cookie that scripts cannot read.")


class AccountUser(msgspec.Struct, kw_only=True):
    """Who is signed in."""

    id: UUID
    email: str


class SignedIn(AccountUser, kw_only=True):
    """Who is signed in, and the token for `Authorization: Bearer`."""

    token: str


class CurrentUser(msgspec.Struct, kw_only=True, rename="camel"):
    """`currentUser` is null where nobody is signed in."""

    current_user: AccountUser | None


def _signing(summary: str, status: int, problems: tuple[int, ...]) -> Callable[[View], View]:
    return operation(
        tag=TAG,
        summary=summary,
        body={"application/json": Credentials},
        replies={status: Reply(SignedIn, "Signed in", headers=(COOKIE,))},
        problems=problems,
        examples=[
            OpenApiExample("Credentials", CREDENTIALS, request_only=True),
            OpenApiExample("Signed in", {**ACCOUNT, "token": "eyJ…"}, response_only=True, status_codes=[str(status)]),
        ],
    )


SIGN_UP = _signing("Sign up", 201, (400, 409, 411, 413, 415, 503))
SIGN_IN = _signing("Sign in", 200, (400, 401, 411, 413, 415, 503))
SIGN_OUT = operation(tag=TAG, summary="Sign out", replies={204: Reply(None, "The cookie is gone")}, problems=())
CURRENT_USER = operation(
    tag=TAG,
    summary="Current user",
    replies={200: Reply(CurrentUser, "Who is signed in")},
    problems=(),
    examples=[OpenApiExample("Ada", {"currentUser": ACCOUNT}, response_only=True, status_codes=["200"])],
)
