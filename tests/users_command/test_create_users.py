"""`POST /api/v1/user-command/bulk` takes in what is valid and says of each of the others what is wrong with it."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tests.users_command.real_users import real_users, response
from tests.users_command.stored import NOTHING, count, counts, rows
from tests.users_command.user_requests import (
    created,
    delete_user,
    patch_user,
    post_lines,
    post_user,
    post_users,
    read_events,
)

ADA, BOB, EVE = ({"email": f"{name}@example.org"} for name in ("ada", "bob", "eve"))


def with_login(email: str, uuid: str | None = None) -> dict[str, Any]:
    return {"email": email, "login": {"uuid": uuid or str(uuid4())}}


def rejections(answer: Any) -> dict[int, list[str]]:
    """The paths of the errors of each rejected user, by its index."""
    return {one["index"]: [error["path"] for error in one["errors"]] for one in answer.json()["rejected"]}


def test_an_array_is_stored_under_the_seed_of_the_query(client: Client) -> None:
    answer = post_users(client, [ADA, BOB], query="?seed=many")

    assert answer.status_code == 200
    assert answer.json() == {"seed": "many", "created": 2, "replayed": 0, "rejected": []}
    assert rows("select email, seed from prm_user order by id") == [
        ("ada@example.org", "many"),
        ("bob@example.org", "many"),
    ]


def test_an_array_without_a_seed_is_refused(client: Client) -> None:
    answer = post_users(client, [ADA], query="")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["seed"]
    assert counts() == NOTHING


def test_a_whole_response_brings_its_seed(client: Client) -> None:
    answer = post_users(client, response(), query="")

    assert answer.json()["seed"] == response()["info"]["seed"]
    assert rows("select distinct seed from prm_user") == [(response()["info"]["seed"],)]


def test_the_seed_of_the_query_wins_over_that_of_the_response(client: Client) -> None:
    answer = post_users(client, response(), query="?seed=mine")

    assert answer.json() == {"seed": "mine", "created": 111, "replayed": 0, "rejected": []}
    assert rows("select distinct seed from prm_user") == [("mine",)]


@pytest.mark.parametrize("info", [None, {}, {"seed": None}, {"seed": 5}, {"seed": ""}, {"seed": "x" * 65}, "text", []])
def test_a_response_without_a_usable_seed_is_refused(client: Client, info: Any) -> None:
    answer = post_users(client, {"results": [ADA], "info": info}, query="")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["seed"]
    assert counts() == NOTHING


@pytest.mark.parametrize(
    "body", [{}, {"results": None}, {"results": {"0": ADA}}, {"error": "Uh oh"}, ADA, "text", 5, None]
)
def test_what_is_no_collection_of_users_is_refused(client: Client, body: Any) -> None:
    answer = client.post("/api/v1/user-command/bulk?seed=x", json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert counts() == NOTHING


def test_lines_may_be_blank_end_either_way_and_be_bad_one_by_one(client: Client) -> None:
    lines = b"\n".join(
        [
            b"",
            b'{"email": "a@example.org"}\r',
            b"   ",
            b'{"email": ',
            b' {"email": "b@example.org"}',
            b'{"email": "\\u0000@b"}',
            b"\xff",
            b"[]",
            b"7",
        ]
    )

    answer = post_lines(client, lines)

    assert answer.status_code == 200
    assert answer.json()["created"] == 2
    assert sorted(rejections(answer)) == [1, 3, 4, 5, 6]
    assert rows("select email from prm_user order by id") == [("a@example.org",), ("b@example.org",)]


def test_lines_without_a_final_line_break_count_too(client: Client) -> None:
    answer = post_lines(client, json.dumps(ADA).encode() + b"\n" + json.dumps(BOB).encode())

    assert answer.json()["created"] == 2


@pytest.mark.parametrize("lines", [b"\n", b"\r\n \n\t\n" * 100])
def test_no_lines_at_all_are_no_users(client: Client, lines: bytes) -> None:
    answer = post_lines(client, lines)

    assert answer.json() == {"seed": "run-1", "created": 0, "replayed": 0, "rejected": []}


def test_an_empty_array_creates_nobody(client: Client) -> None:
    answer = post_users(client, [])

    assert answer.json() == {"seed": "run-1", "created": 0, "replayed": 0, "rejected": []}
    assert counts() == NOTHING


def test_valid_users_are_stored_and_the_others_reported_by_index_with_every_reason(client: Client) -> None:
    users: list[Any] = [
        ADA,
        {"email": "nobody"},
        None,
        BOB,
        {"name": {"first": 1, "last": 2}, "dob": {"date": "?"}, "nat": []},
        [],
        EVE,
        {"email": None, "phone": "1" * 41},
    ]

    answer = post_users(client, users)

    assert answer.status_code == 200
    assert answer.json()["created"] == 3
    assert rejections(answer) == {
        1: ["email"],
        2: [""],
        4: ["email", "name.first", "name.last", "dob.date", "nat"],
        5: [""],
        7: ["email", "phone"],
    }
    assert counts() == NOTHING | {"prm_user": 3, "cqrs_event": 3}


def test_when_all_are_invalid_all_are_reported_and_nothing_is_stored(client: Client) -> None:
    answer = post_users(client, [{"email": number} for number in range(50)])

    assert answer.status_code == 200
    assert answer.json()["created"] == 0
    assert list(rejections(answer)) == list(range(50))
    assert counts() == NOTHING


def test_a_user_that_is_there_twice_in_one_body_is_stored_once(client: Client) -> None:
    twin = with_login("twin@example.org")

    answer = post_users(client, [twin, with_login("other@example.org"), twin, {**twin, "email": "third@example.org"}])

    assert (answer.json()["created"], answer.json()["replayed"]) == (2, 2)
    assert rows("select email from prm_user order by id") == [("twin@example.org",), ("other@example.org",)]


def test_a_body_sent_again_is_replayed(client: Client) -> None:
    first = post_users(client, response(), query="")
    after_first = counts()

    again = post_users(client, response(), query="")

    assert (first.json()["created"], first.json()["replayed"]) == (111, 0)
    assert (again.json()["created"], again.json()["replayed"]) == (0, 111)
    assert counts() == after_first


def test_deleted_users_are_reported_and_stay_deleted(client: Client) -> None:
    gone, changed, new = (with_login(f"{name}@example.org") for name in ("gone", "changed", "new"))
    delete_user(client, created(client, gone))
    patch_user(client, created(client, changed), {"nat": "DK"})

    answer = post_users(client, [new, gone, {"email": "bad"}, changed])

    assert (answer.json()["created"], answer.json()["replayed"]) == (1, 1)
    assert rejections(answer) == {1: ["login.uuid"], 2: ["email"]}
    assert answer.json()["rejected"][0]["errors"][0]["code"] == "deleted"
    assert count("prm_user") == 3


def test_one_by_one_and_in_bulk_are_the_same_users(client: Client) -> None:
    users = real_users()[:20]
    for user in users[:10]:
        post_user(client, user)

    answer = post_users(client, users)

    assert (answer.json()["created"], answer.json()["replayed"]) == (10, 10)


def test_five_thousand_users_are_stored_with_an_event_each(client: Client) -> None:
    users = [{**user, "login": {"uuid": str(uuid4())}} for user in (real_users() * 46)[:5000]]

    answer = post_users(client, {"results": users, "info": {"seed": "large"}}, query="")

    assert answer.json() == {"seed": "large", "created": 5000, "replayed": 0, "rejected": []}
    assert counts() == NOTHING | {
        "prm_user": 5000,
        "prm_user_location": 5000,
        "prm_user_identity": 5000,
        "prm_user_login": 5000,
        "prm_user_picture": 5000,
        "cqrs_event": 5000,
    }
    with_event = "select count(*) from prm_user users join cqrs_event event on event.aggregate_id = users.id"
    assert rows(f"{with_event} and event.version = 1") == [(5000,)]


@pytest.mark.parametrize("shape", ["array", "response", "lines"])
def test_more_than_five_thousand_users_are_refused_whole(client: Client, shape: str) -> None:
    users: list[Any] = [ADA] * 5001

    if shape == "lines":
        answer = post_lines(client, b"\n".join([json.dumps(ADA).encode()] * 5001))
    else:
        answer = post_users(client, users if shape == "array" else {"results": users})

    assert answer.status_code == 400
    assert "5000" in answer.json()["errors"][0]["message"]
    assert counts() == NOTHING


def test_five_thousand_lines_are_taken(client: Client) -> None:
    answer = post_lines(client, b"\n".join([json.dumps(ADA).encode()] * 5000) + b"\n\n\n")

    assert answer.json()["created"] == 5000


@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
def test_a_body_of_more_than_16_mebibytes_is_refused(client: Client, content_type: str) -> None:
    largest = 16 * 1024 * 1024

    answers = [
        client.post("/api/v1/user-command/bulk?seed=x", b"[]".ljust(size), content_type=content_type)
        for size in (largest, largest + 1)
    ]

    assert [answer.status_code for answer in answers] == [200, 413]
    assert answers[1]["Content-Type"] == "application/problem+json"
    assert counts() == NOTHING


def test_every_user_of_a_bulk_has_a_history_of_its_own(client: Client) -> None:
    post_users(client, [ADA, BOB])

    for (user_id,) in rows("select id::text from prm_user"):
        (event,) = read_events(client, user_id).json()["events"]
        assert (event["stage"], event["version"], event["seed"]) == ("CREATED", 1, "run-1")
