"""`login.uuid` names a user within its run: sent again, also at the same moment, it is the same user."""

from threading import Barrier
from typing import Any
from uuid import uuid4

from django.test import Client

from tests.threads import in_threads
from tests.users_command.stored import NOTHING, counts
from tests.users_command.user_requests import created, new_client, patch_user, post_user, post_users, read_events

LOGIN = {"uuid": "9a723211-0e87-41f1-b1e4-ed1a15226b80", "username": "tinyfish925"}
LEON = {"email": "leon@example.org", "login": LOGIN}
ONE_USER = NOTHING | {"prm_user": 1, "prm_user_login": 1, "cqrs_event": 1}


def test_a_replay_answers_the_existing_user_and_stores_nothing(client: Client) -> None:
    first = post_user(client, LEON)

    again = post_user(client, {**LEON, "email": "other@example.org", "name": {"first": "Other"}})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert [again[name] for name in ("Location", "ETag")] == [first[name] for name in ("Location", "ETag")]
    assert counts() == ONE_USER


def test_a_replay_answers_the_user_as_it_is_now(client: Client) -> None:
    user_id = created(client, LEON)
    patch_user(client, user_id, {"email": "moved@example.org"})

    again = post_user(client, LEON)

    assert (again.json()["email"], again.json()["version"], again["ETag"]) == ("moved@example.org", 2, '"2"')
    assert again.json()["status"] == "UPDATED"


def test_the_same_login_under_another_seed_is_another_user(client: Client) -> None:
    first = created(client, LEON, seed="run-1")

    second = created(client, LEON, seed="run-2")

    assert first != second
    assert counts() == {name: 2 * number for name, number in ONE_USER.items()}


def test_users_without_a_login_are_never_the_same(client: Client) -> None:
    ids = {created(client, {"email": "a@example.org", "login": {"username": "same"}}) for _ in range(3)}

    assert len(ids) == 3


def test_a_login_is_the_same_however_its_uuid_is_written(client: Client) -> None:
    created(client, LEON)

    again = post_user(client, {**LEON, "login": {"uuid": LOGIN["uuid"].upper().replace("-", "")}})

    assert again.status_code == 200


def at_once(requests: list[Any]) -> list[Any]:
    """Have each request sent by a thread of its own, all at the same moment."""
    barrier = Barrier(len(requests))

    def send(request: Any) -> Any:
        barrier.wait(60)
        return request(new_client())

    return in_threads([lambda request=request: send(request) for request in requests])  # type: ignore[misc]


def test_the_same_login_from_many_threads_of_a_replica_is_one_user() -> None:
    answers = at_once([lambda client: post_user(client, LEON)] * 12)

    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert counts() == ONE_USER


def test_the_same_login_in_transactions_of_their_own_is_one_user() -> None:
    """As from several replicas: each request has a key of its own, so none shares a transaction."""
    answers = at_once(
        [lambda client, key=str(key): post_user(client, LEON, idempotency_key=key) for key in range(6)]
        + [lambda client: post_users(client, [LEON])] * 3
    )

    single = answers[:6]
    assert {answer.status_code for answer in single} <= {200, 201}
    bulk = [answer.json() for answer in answers[6:]]
    firsts = sum(answer.status_code == 201 for answer in single) + sum(answer["created"] for answer in bulk)
    assert firsts == 1
    assert counts() == ONE_USER | {"cqrs_idempotency_key": 6}


def test_batches_with_the_same_logins_in_opposite_order_do_not_block_one_another() -> None:
    users = [{"email": f"{number}@example.org", "login": {"uuid": str(uuid4())}} for number in range(200)]

    answers = at_once([lambda client: post_users(client, users), lambda client: post_users(client, users[::-1])] * 3)

    assert [answer.status_code for answer in answers] == [200] * 6
    assert sum(answer.json()["created"] for answer in answers) == 200
    assert counts() == {name: 200 * number for name, number in ONE_USER.items()}


def test_a_new_user_has_one_created_event(client: Client) -> None:
    user_id = created(client, LEON)
    post_user(client, LEON)

    stages = [event["stage"] for event in read_events(client, user_id).json()["events"]]

    assert stages == ["CREATED"]
