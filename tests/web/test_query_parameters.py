"""Parameters are read by a schema like bodies are, and what is not text never reaches a query."""

from typing import Any

import pytest
from django.test import Client


def get(client: Client, query: str) -> Any:
    return client.get("/api/things", QUERY_STRING=query)


def errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 400
    return [(error["path"], error["code"]) for error in answer.json()["errors"]]


def test_defaults_stand_in_for_what_is_not_given(client: Client) -> None:
    answer = get(client, "")

    assert answer.json() == {"email": None, "limit": 10, "cursor": None}


@pytest.mark.parametrize(
    ("query", "email"),
    [
        ("email=a%2Bb@example.org", "a+b@example.org"),
        ("email=%C3%A5@example.org", "å@example.org"),
        ("email=å@example.org".encode().decode("latin-1"), "å@example.org"),
        ("email=%24email", "$email"),
        ("email=null", "null"),
        ("email=a&utm_source=mail", "a"),
    ],
)
def test_values_are_taken_as_text(client: Client, query: str, email: str) -> None:
    answer = get(client, query)

    assert answer.json()["email"] == email


@pytest.mark.parametrize("limit", ["-1", "0", "201", "ten", "", "1.5", "%D9%A3", "9" * 400, "0x10", "null"])
def test_a_limit_outside_its_range_is_400(client: Client, limit: str) -> None:
    answer = get(client, f"limit={limit}")

    assert {path for path, _ in errors(answer)} == {"limit"}


@pytest.mark.parametrize("query", ["email[$ne]=x", "email%5B%24ne%5D=x", "email[]=x", "$where=1", "limit[gt]=1"])
def test_what_looks_like_an_operator_is_400(client: Client, query: str) -> None:
    answer = get(client, query)

    assert [code for _, code in errors(answer)] == ["unknown"]


def test_a_parameter_given_twice_is_400_even_with_one_value(client: Client) -> None:
    assert errors(get(client, "email=a&email=a")) == [("email", "repeated")]
    assert errors(get(client, "limit=1&email=a&limit=2")) == [("limit", "repeated")]


@pytest.mark.parametrize("query", ["email=%FF", "email=%ED%A0%80", "%FF=x", "email=\xff"])
def test_what_is_not_utf8_is_400(client: Client, query: str) -> None:
    assert errors(get(client, query)) == [("", "utf8")]


def test_nul_and_overlong_values_are_400(client: Client) -> None:
    assert errors(get(client, "email=a%00b")) == [("email", "text")]
    assert errors(get(client, f"email={'a' * 1025}")) == [("email", "length")]
    assert errors(get(client, "&".join(f"p{number}=1" for number in range(60)))) == [("", "length")]


def test_an_empty_value_is_not_an_absent_one(client: Client) -> None:
    assert errors(get(client, "email=")) == [("email", "length")]
