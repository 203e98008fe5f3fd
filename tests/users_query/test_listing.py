"""`GET /api/v1/user-query`: the newest users first, a page at a time, narrowed by equality."""

from itertools import product
from typing import Any

import pytest
from django.test import Client

from tests.users_command.real_users import response
from tests.users_command.user_requests import post_users
from tests.users_query.held import hold, remove, user
from tests.users_query.projecting import project_everything

PATH = "/api/v1/user-query"
FILTERS = ("seed", "appId", "nat", "gender", "email")


def page(client: Client, **query: str | int) -> dict[str, Any]:
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [item["id"] for item in body["items"]]


def test_nobody_is_an_empty_page(client: Client) -> None:
    assert page(client) == {"items": [], "nextCursor": None}


def test_the_newest_ten_come_first(client: Client) -> None:
    held = hold(*[user() for _ in range(25)])

    first = page(client)

    assert ids(first) == held[::-1][:10]
    assert first["nextCursor"]


@pytest.mark.parametrize(("limit", "shown"), [(1, 1), (200, 200), (199, 199)])
def test_a_page_is_as_long_as_asked(client: Client, limit: int, shown: int) -> None:
    hold(*[user() for _ in range(201)])

    assert len(page(client, limit=limit)["items"]) == shown


@pytest.mark.parametrize("limit", ["0", "-1", "201", "ten", "", "1 0", "٣", "NaN", "1e3", "9" * 400, "0x10", "10;"])
def test_any_other_length_is_refused(client: Client, limit: str) -> None:
    answer = client.get(PATH, {"limit": limit})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["limit"]


def test_the_last_page_has_no_cursor_also_when_it_is_full(client: Client) -> None:
    held = hold(*[user() for _ in range(20)])

    first = page(client)
    last = page(client, cursor=first["nextCursor"])

    assert ids(first) + ids(last) == held[::-1]
    assert last["nextCursor"] is None


def test_documents_are_whole_and_say_when_they_were_synchronised(client: Client) -> None:
    post_users(client, response(), query="")
    project_everything()

    items = page(client, limit=200)["items"]

    assert len(items) == 111
    whole = {"id", "email", "gender", "name", "location", "identity", "login", "dob", "registered", "phone", "cell"}
    whole |= {"picture", "nat", "seed", "appId", "currentStatus", "version", "createdAt", "updatedAt", "synchronizedAt"}
    assert all(set(item) == whole for item in items)
    assert {item["currentStatus"] for item in items} == {"SYNCHRONIZED"}
    assert all(item["synchronizedAt"] >= item["createdAt"] for item in items)
    assert set(items[0]["login"]) == {"uuid", "username"}


def test_every_combination_of_filters_finds_what_matches_all_of_them(client: Client) -> None:
    """Two values for each of five fields: 32 kinds of users, and each is asked for by each of 32 sets of filters."""
    kinds = [
        dict(zip(FILTERS, values, strict=True))
        for values in product(("s1", "s2"), ("i1", "i2"), ("DK", "NO"), ("female", "male"), ("a@b.c", "d@e.f"))
    ]
    held = {
        hold(user(seed=k["seed"], app_id=k["appId"], nat=k["nat"], gender=k["gender"], email=k["email"]))[0]: k
        for k in kinds
    }
    wanted = kinds[13]

    for chosen in product((False, True), repeat=len(FILTERS)):
        query = {name: wanted[name] for name, use in zip(FILTERS, chosen, strict=True) if use}
        expected = [user_id for user_id, kind in held.items() if query.items() <= kind.items()]

        assert ids(page(client, limit=200, **query)) == expected[::-1], query


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_that_matches_nobody_finds_nobody(client: Client, name: str) -> None:
    hold(user(nat="DK", gender="female"))

    assert page(client, **{name: "nobody"})["items"] == []


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    "query", ["{0}[$ne]=x", "{0}[]=x", "{0}=", "{0}=%00", "{0}=%ff", "{0}=a&{0}=b", "{0}=%ED%A0%80"]
)
def test_a_filter_that_is_no_text_is_refused(client: Client, name: str, query: str) -> None:
    hold(user())

    assert client.get(f"{PATH}?{query.format(name)}").status_code == 400


@pytest.mark.parametrize("value", ['{"$ne": null}', "$email", "null", "/.*/", "a.b", "true", "1"])
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_that_looks_like_an_operator_is_plain_text(client: Client, name: str, value: str) -> None:
    hold(user())

    assert page(client, **{name: value})["items"] == []


def test_unknown_parameters_are_ignored(client: Client) -> None:
    held = hold(user())

    assert ids(page(client, utm_source="letter")) == held


def test_tombstones_are_on_no_page(client: Client) -> None:
    held = hold(*[user(nat="DK") for _ in range(30)])
    remove(held[::2])

    assert ids(page(client, limit=200)) == held[1::2][::-1]
    assert ids(page(client, limit=200, nat="DK")) == held[1::2][::-1]
