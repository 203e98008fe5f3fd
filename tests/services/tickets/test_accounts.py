"""Signing up, in and out: a token in a cookie or a header says who somebody is, until it runs out."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.test import Client

from cqrs.clock import now
from services.tickets.accounts.accounts import COLLECTION
from services.tickets.accounts.signed_in import COOKIE
from tests.services.tickets.conftest import KEY
from tests.services.tickets.offering import PASSWORD, new_client, offer, sign_up
from users_query.mongodb import database

ADA = "ada@example.org"


def sign_in(client: Client, email: str = ADA, password: str = PASSWORD) -> Any:
    credentials = {"email": email, "password": password}
    return client.post("/api/users/signin", credentials, content_type="application/json")


def current_user(client: Client, **headers: str) -> Any:
    return client.get("/api/users/currentuser", headers=headers).json()["currentUser"]


def claims(**changes: Any) -> dict[str, Any]:
    of_ada = {"sub": str(uuid4()), "email": ADA, "aud": "tickets", "iat": now(), "exp": now() + timedelta(hours=1)}
    return {name: value for name, value in {**of_ada, **changes}.items() if value is not None}


def test_who_signs_up_is_signed_in(anybody: Client) -> None:
    answer = sign_up(anybody, ADA)

    assert answer.status_code == 201
    assert current_user(anybody) == {"id": answer.json()["id"], "email": ADA}


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(anybody: Client) -> None:
    cookie = sign_up(anybody, ADA).cookies[COOKIE]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/api")
    assert cookie["max-age"] == 3600


def test_the_cookie_of_a_secure_connection_stays_on_such(anybody: Client) -> None:
    answer = anybody.post(
        "/api/users/signup", {"email": ADA, "password": PASSWORD}, content_type="application/json", secure=True
    )

    assert answer.cookies[COOKIE]["secure"] is True


def test_an_address_has_one_account_however_it_is_written(anybody: Client) -> None:
    sign_up(anybody, ADA)

    assert sign_up(new_client(), "ADA@Example.org").status_code == 409
    assert sign_in(new_client(), " Ada@EXAMPLE.org").status_code in (200, 400)
    assert database()[COLLECTION].count_documents({}) == 1


def test_signing_in_takes_the_password(anybody: Client) -> None:
    sign_up(anybody, ADA)

    right, wrong, unknown = (
        sign_in(new_client()),
        sign_in(new_client(), password="wrong horse"),
        sign_in(new_client(), "bob@example.org"),
    )

    assert right.status_code == 200
    assert current_user(new_client(), Authorization=f"Bearer {right.json()['token']}")["email"] == ADA
    assert [(answer.status_code, answer.json()["detail"]) for answer in (wrong, unknown)] == [
        (401, "There is no account with this address and password.")
    ] * 2


def test_no_password_is_stored_or_answered(anybody: Client) -> None:
    answer = sign_up(anybody, ADA)

    assert PASSWORD not in answer.content.decode()
    assert PASSWORD not in str(list(database()[COLLECTION].find()))


def test_who_signs_out_is_nobody(anybody: Client) -> None:
    sign_up(anybody, ADA)

    answer = anybody.post("/api/users/signout")

    assert answer.status_code == 204
    assert current_user(anybody) is None
    assert offer(anybody).status_code == 401


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        jwt.encode(claims(), "another key, of thirty-two bytes.", algorithm="HS256"),
        jwt.encode(claims(), None, algorithm="none"),
        jwt.encode(claims(), KEY, algorithm="HS512"),
        jwt.encode(claims(exp=now() - timedelta(minutes=1)), KEY, algorithm="HS256"),
        jwt.encode(claims(exp=None), KEY, algorithm="HS256"),
        jwt.encode(claims(aud="elsewhere"), KEY, algorithm="HS256"),
        jwt.encode(claims(sub="nobody"), KEY, algorithm="HS256"),
    ],
    ids=["empty", "nonsense", "other key", "unsigned", "other method", "run out", "for ever", "elsewhere", "no id"],
)
def test_a_token_that_is_not_ours_or_does_not_hold_any_more_is_nobody_s(anybody: Client, token: str) -> None:
    assert offer(anybody, Authorization=f"Bearer {token}").status_code == 401
    assert current_user(anybody, Authorization=f"Bearer {token}") is None


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"email": ADA},
        {"email": ADA, "password": "short"},
        {"email": ADA, "password": "x" * 129},
        {"email": "no address", "password": PASSWORD},
        {"email": {"$ne": None}, "password": PASSWORD},
        {"email": ADA, "password": {"$ne": None}},
    ],
)
def test_no_account_is_opened_without_address_and_password(anybody: Client, credentials: object) -> None:
    answers = [
        anybody.post(f"/api/users/{way}", credentials, content_type="application/json") for way in ("signup", "signin")
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert database()[COLLECTION].count_documents({}) == 0
