"""Every user of a real randomuser.me response goes through whole, except for its secrets."""

import logging
from typing import Any

import pytest
from django.test import Client

from cqrs.web.json_logs import ConsoleFormatter, JsonFormatter
from tests.users_command.real_users import RandomUser, real_users, response
from tests.users_command.stored import NOTHING, counts, everything, newest_profile, rows
from tests.users_command.user_requests import Answer, created, patch_user, post_user, post_users, read_user
from tests.users_query.projecting import project_everything

SECRETS = ("password", "salt", "md5", "sha1", "sha256")


def without_secrets(user: RandomUser) -> dict[str, Any]:
    """A user of randomuser.me as the write side answers it."""
    login = {key: value for key, value in user["login"].items() if key not in SECRETS}
    postcode = str(user["location"]["postcode"])
    identity = {key: value for key, value in user["id"].items() if value is not None}
    return {
        **{key: user[key] for key in ("gender", "name", "email", "phone", "cell", "picture", "nat")},
        "location": {**user["location"], "postcode": postcode},
        "login": login,
        "identity": identity,
        "dob": {"date": user["dob"]["date"]},
        "registered": {"date": user["registered"]["date"]},
    }


def of_the_user(answer: dict[str, Any]) -> dict[str, Any]:
    ours = {"id", "seed", "appId", "status", "version", "createdAt", "updatedAt"}
    return {key: value for key, value in answer.items() if key not in ours}


def test_the_sample_is_as_various_as_the_format() -> None:
    users = real_users()

    assert len(users) == 111
    assert len({user["nat"] for user in users}) == 21
    assert {type(user["location"]["postcode"]) for user in users} == {int, str}
    assert any(user["id"]["value"] is None for user in users)


def test_every_user_one_by_one_is_stored_as_it_came(client: Client) -> None:
    users = real_users()

    ids = [created(client, user) for user in users]

    assert counts() == NOTHING | {
        "prm_user": 111,
        "prm_user_location": 111,
        "prm_user_identity": 111,
        "prm_user_login": 111,
        "prm_user_picture": 111,
        "cqrs_event": 111,
    }
    for user_id, user in zip(ids, users, strict=True):
        assert of_the_user(read_user(client, user_id).json()) == without_secrets(user)


def test_the_whole_response_in_bulk_is_stored_as_it_came(client: Client) -> None:
    answer = post_users(client, response(), query="")

    assert answer.json() == {"seed": "b92435b8050047da", "created": 111, "replayed": 0, "rejected": []}
    stored = {login: str(user_id) for user_id, login in rows("select user_id, uuid::text from prm_user_login")}
    for user in real_users():
        assert of_the_user(read_user(client, stored[user["login"]["uuid"]]).json()) == without_secrets(user)


def test_documents_hold_the_same_as_the_write_side(client: Client) -> None:
    post_users(client, response(), query="")

    project_everything()

    items = client.get("/api/v1/user-query?limit=200").json()["items"]
    assert len(items) == 111
    for document in items:
        assert document["currentStatus"] == "SYNCHRONIZED"
        here = {
            key: value for key, value in of_the_user(document).items() if key not in {"currentStatus", "synchronizedAt"}
        }
        assert here == of_the_user(read_user(client, document["id"]).json())


def test_a_user_of_each_nationality_can_be_read_back_from_its_event_alone(client: Client) -> None:
    by_nationality = {user["nat"]: user for user in real_users()}

    for user in by_nationality.values():
        profile = newest_profile(created(client, user))

        assert profile.email == user["email"]
        assert profile.name is not None
        assert profile.name.first == user["name"]["first"]
        assert profile.location is not None
        assert profile.location.postcode == str(user["location"]["postcode"])


SECRET = {"password": "s3cret-passw0rd", "salt": "s4lt-Grain", "md5": "0a" * 16, "sha1": "0b" * 20, "sha256": "0c" * 32}


def send_secrets(client: Client, first: RandomUser, second: RandomUser) -> list[Answer]:
    """Send secrets by every operation that takes a user, accepted and refused."""
    rename = {"login": {**SECRET, "username": "renamed"}}
    user_id = created(client, first, seed="three")
    return [
        post_user(client, first, seed="one", idempotency_key="key-1"),
        post_user(client, first, seed="one"),
        post_users(client, [second, {"email": 5, "login": SECRET}], idempotency_key="key-2"),
        post_user(client, {"email": "refused", "login": SECRET}),
        client.post("/api/v1/user-command?seed=x", '{"login": {"password": "s3cret-passw0rd"', "application/json"),
        patch_user(client, user_id, rename),
    ]


def test_no_secret_reaches_a_table_an_event_a_document_an_answer_or_a_log_line(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = real_users()[:2]
    first["login"].update(SECRET)
    second["login"].update(SECRET)
    # pymongo is left at the level that the application gives it.
    caplog.set_level(logging.DEBUG)

    answers = send_secrets(client, first, second)
    project_everything()

    assert [answer.status_code for answer in answers] == [201, 200, 200, 400, 400, 200]
    logged = "\n".join(
        formatter.format(record) for record in caplog.records for formatter in (JsonFormatter(), ConsoleFormatter())
    )
    stored = everything()
    assert first["email"] in stored, "the search looks where users are"
    for value in SECRET.values():
        assert value not in stored
        assert value not in logged
        assert all(value not in answer.content.decode() for answer in answers)
    assert not any(f'"{name}"' in stored for name in SECRET)
    assert first["email"] not in logged
