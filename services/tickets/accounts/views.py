"""`/api/users`: signing up, in and out."""

from http import HTTPStatus

from django.http import HttpResponse

from cqrs.broker.mongodb import STORE
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.validation import validate
from services.tickets.accounts.accounts import Credentials, accounts
from services.tickets.accounts.documentation import CURRENT_USER, SIGN_IN, SIGN_OUT, SIGN_UP
from services.tickets.accounts.errors import NotSignedIn
from services.tickets.accounts.signed_in import COOKIE, signed_in
from services.tickets.accounts.token import User

PATH = "/api"


class SignUpView(ApiView):
    """Opens an account."""

    store = STORE

    @SIGN_UP
    def post(self, request: ApiRequest) -> HttpResponse:
        """Open an account and sign in to it."""
        user = accounts().sign_up(validate(request.data, Credentials))
        return _signed_in(request, user, HTTPStatus.CREATED)


class SignInView(ApiView):
    """Signs in."""

    store = STORE

    @SIGN_IN
    def post(self, request: ApiRequest) -> HttpResponse:
        """Answer with a token, and set it as a cookie."""
        user = accounts().sign_in(validate(request.data, Credentials))
        return _signed_in(request, user, HTTPStatus.OK)


class SignOutView(ApiView):
    """Signs out."""

    @SIGN_OUT
    def post(self, request: ApiRequest) -> HttpResponse:  # noqa: ARG002 - REST framework's signature
        """Have the browser forget the cookie."""
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        response.delete_cookie(COOKIE, path=PATH, samesite="Strict")
        return response


class CurrentUserView(ApiView):
    """Who is signed in."""

    @CURRENT_USER
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with the user, null where nobody is signed in."""
        try:
            user = signed_in(request)
        except NotSignedIn:
            return Answer.json(HTTPStatus.OK, {"currentUser": None}).response()
        return Answer.json(HTTPStatus.OK, {"currentUser": _shown(user)}).response()


def _signed_in(request: ApiRequest, user: User, status: HTTPStatus) -> HttpResponse:
    tokens = accounts().tokens
    token = tokens.issue(user)
    response = Answer.json(status, {**_shown(user), "token": token}).response()
    # Strict, so that no other site's form or script can act for whoever is signed in.
    response.set_cookie(
        COOKIE,
        token,
        max_age=tokens.seconds,
        path=PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )
    return response


def _shown(user: User) -> dict[str, str]:
    return {"id": str(user.user_id), "email": user.email}
