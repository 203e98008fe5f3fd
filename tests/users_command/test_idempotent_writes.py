"""`Idempotency-Key` on every write: the first answer again, byte for byte, and the effect once."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.test import Client

from tests.threads import in_background
from tests.users_command.locks import holding, waiting
from tests.users_command.stored import counts
from tests.users_command.user_requests import (
    Answer,
    created,
    delete_user,
    new_client,
    patch_user,
    post_user,
    post_users,
    read_events,
)
from tests.waiting import wait_until

ADA, BOB = {"email": "ada@example.org"}, {"email": "bob@example.org"}

Write = Callable[[Client, str, str], Answer]
"""Sends a write: with a client, to a user (for changes), under a key."""

WRITES: dict[str, Write] = {
    "POST": lambda client, _, key: post_user(client, BOB, idempotency_key=key),
    "bulk": lambda client, _, key: post_users(client, [BOB, {"email": 5}], idempotency_key=key),
    "PATCH": lambda client, user_id, key: patch_user(client, user_id, {"nat": "DK"}, idempotency_key=key),
    "DELETE": lambda client, user_id, key: delete_user(client, user_id, idempotency_key=key),
}
OTHERS: dict[str, Write] = {
    "POST": lambda client, _, key: post_user(client, ADA, idempotency_key=key),
    "bulk": lambda client, _, key: post_users(client, [BOB], idempotency_key=key),
    "PATCH": lambda client, user_id, key: patch_user(client, user_id, {"nat": "NO"}, idempotency_key=key),
}
SUCCESSES = {"POST": 201, "bulk": 200, "PATCH": 200, "DELETE": 204}
KEPT = ("Content-Type", "Location", "ETag")

every_write = pytest.mark.parametrize("name", WRITES)


@pytest.fixture
def user_id(client: Client) -> str:
    return created(client, ADA)


@every_write
def test_the_same_request_again_gets_the_first_answer_and_has_no_effect(
    client: Client, user_id: str, name: str
) -> None:
    first = WRITES[name](client, user_id, "key-1")
    after_first = counts()

    again = WRITES[name](client, user_id, "key-1")

    assert (first.status_code, again.status_code) == (SUCCESSES[name], SUCCESSES[name])
    assert again.content == first.content
    assert [again.get(header) for header in KEPT] == [first.get(header) for header in KEPT]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert counts() == after_first


@pytest.mark.parametrize("name", OTHERS)
def test_another_body_under_the_same_key_is_422_and_has_no_effect(client: Client, user_id: str, name: str) -> None:
    WRITES[name](client, user_id, "key-1")
    after_first = counts()

    other = OTHERS[name](client, user_id, "key-1")

    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert counts() == after_first


@every_write
def test_while_the_first_is_in_flight_a_second_is_409(client: Client, user_id: str, name: str) -> None:
    with ExitStack() as threads:
        with holding("lock table cqrs_event in share mode"):
            first = threads.enter_context(in_background(lambda: WRITES[name](new_client(), user_id, "key-1")))
            wait_until(lambda: waiting() == 1, "the first request is in the middle of its work")

            second = WRITES[name](client, user_id, "key-1")

        assert first.result(60).status_code == SUCCESSES[name]

    assert second.status_code == 409
    assert second.json()["type"] == "/problems/idempotency-key-in-use"
    assert second["Retry-After"] == "1"
    third = WRITES[name](client, user_id, "key-1")
    assert (third.status_code, third.content) == (SUCCESSES[name], first.result().content)


@every_write
def test_a_request_under_another_key_is_another_request(client: Client, user_id: str, name: str) -> None:
    WRITES[name](client, user_id, "key-1")

    other = WRITES[name](client, user_id, "key-2")

    expected = {"POST": 201, "bulk": 200, "PATCH": 412, "DELETE": 404}
    assert other.status_code == expected[name]
    assert "Idempotent-Replayed" not in other


def test_a_refusal_keeps_no_answer(client: Client, user_id: str) -> None:
    refused = patch_user(client, user_id, {"nat": "DK"}, '"7"', idempotency_key="key-1")

    accepted = patch_user(client, user_id, {"nat": "DK"}, '"1"', idempotency_key="key-1")

    assert (refused.status_code, accepted.status_code) == (412, 200)


def test_a_changed_user_has_one_event_however_often_the_change_is_sent(client: Client, user_id: str) -> None:
    for _ in range(3):
        patch_user(client, user_id, {"nat": "DK"}, idempotency_key="key-1")

    assert [event["stage"] for event in read_events(client, user_id).json()["events"]] == ["CREATED", "UPDATED"]


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
@every_write
def test_what_is_no_key_is_400(client: Client, user_id: str, name: str, key: str) -> None:
    before = counts()

    assert WRITES[name](client, user_id, key).status_code == 400
    assert counts() == before
