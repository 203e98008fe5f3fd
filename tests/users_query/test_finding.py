"""One user by its id, or the newest one with an address."""

from uuid import uuid4

import pytest
from django.test import Client

from tests.users_query.held import hold, remove, user

PATH = "/api/v1/user-query"


def test_a_user_is_found_by_its_id(client: Client) -> None:
    (user_id, _) = hold(user(email="ada@example.org"), user())

    answer = client.get(f"{PATH}/{user_id}")

    assert (answer.status_code, answer["ETag"]) == (200, '"1"')
    assert (answer.json()["id"], answer.json()["email"]) == (user_id, "ada@example.org")
    assert "_id" not in answer.json()
    assert "deleted" not in answer.json()


def test_an_unknown_id_is_404_without_a_promise(client: Client) -> None:
    answer = client.get(f"{PATH}/{uuid4()}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert "Retry-After" not in answer


@pytest.mark.parametrize(
    "user_id", ["1", "not-an-id", "0192f3c1", "$where", "email2", "%00", "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44x"]
)
def test_a_malformed_id_is_404(client: Client, user_id: str) -> None:
    answer = client.get(f"{PATH}/{user_id}")

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_an_address_finds_the_newest_user_that_has_it(client: Client) -> None:
    ids = hold(*[user(email=f"{number % 2}@example.org") for number in range(6)])

    answer = client.get(f"{PATH}/email", {"email": "1@example.org"})

    assert answer.json()["id"] == ids[5]


def test_a_seed_narrows_it(client: Client) -> None:
    first, _ = hold(user(email="ada@example.org", seed="old"), user(email="ada@example.org", seed="new"))

    answer = client.get(f"{PATH}/email", {"email": "ada@example.org", "seed": "old"})

    assert answer.json()["id"] == first
    assert client.get(f"{PATH}/email", {"email": "ada@example.org", "seed": "other"}).status_code == 404


def test_the_newest_one_is_the_next_when_the_newest_is_gone(client: Client) -> None:
    older, newer = hold(user(email="ada@example.org"), user(email="ada@example.org"))
    remove([newer])

    assert client.get(f"{PATH}/email", {"email": "ada@example.org"}).json()["id"] == older
    assert client.get(f"{PATH}/{newer}").status_code == 404


@pytest.mark.parametrize("email", ["ADA@example.org", "ada@example.or", "ada", "a.a@example.org", " ada@example.org"])
def test_an_address_is_found_exactly_or_not_at_all(client: Client, email: str) -> None:
    hold(user(email="ada@example.org"))

    assert client.get(f"{PATH}/email", {"email": email}).status_code == 404


def test_an_address_in_any_script_is_found(client: Client) -> None:
    hold(user(email="jürgen+42@müller.example"))

    assert client.get(f"{PATH}/email", {"email": "jürgen+42@müller.example"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "?email=", "?email[$ne]=x", "?email=a&email=b", f"?email={'x' * 255}", "?email=%00", "?email=%80", "?Email=a"],
)
def test_no_address_or_a_wrong_one_is_refused(client: Client, query: str) -> None:
    answer = client.get(f"{PATH}/email{query}")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
