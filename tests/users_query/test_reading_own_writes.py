"""`minVersion` and `wait`: the answer comes as soon as the document has that version, or says when to ask again."""

from time import monotonic
from typing import Any

import pytest
from django.test import Client

from tests.threads import in_background
from tests.users_command.user_requests import created, delete_user, new_client, patch_user
from tests.users_query.held import hold, user
from tests.users_query.projecting import project_everything

PATH = "/api/v1/user-query"
ADA = {"email": "ada@example.org"}


def timed(client: Client, path: str, **query: Any) -> tuple[Any, float]:
    began = monotonic()
    answer = client.get(f"{PATH}/{path}", query)
    return answer, monotonic() - began


@pytest.mark.parametrize("by", ["id", "email"])
def test_the_answer_comes_as_soon_as_the_projector_is_through(client: Client, by: str) -> None:
    user_id = created(client, ADA)
    path, query = (user_id, {}) if by == "id" else ("email", ADA)

    with in_background(lambda: timed(new_client(), path, minVersion=1, wait=5000, **query)) as reading:
        project_everything()
        answer, _ = reading.result(60)

    assert (answer.status_code, answer.json()["id"], answer.json()["version"]) == (200, user_id, 1)


def test_a_reader_of_a_change_does_not_see_the_version_before(client: Client) -> None:
    user_id = created(client, ADA)
    project_everything()
    patch_user(client, user_id, {"nat": "DK"})

    with in_background(lambda: timed(new_client(), user_id, minVersion=2, wait=5000)) as reading:
        project_everything()
        answer, _ = reading.result(60)

    assert (answer.json()["version"], answer.json()["nat"], answer["ETag"]) == (2, "DK", '"2"')


def test_a_version_that_is_there_is_answered_at_once(client: Client) -> None:
    (user_id,) = hold(user(version=3))

    for least in (1, 2, 3):
        answer, seconds = timed(client, user_id, minVersion=least, wait=5000)
        assert (answer.status_code, answer.json()["version"]) == (200, 3)
        assert seconds < 5


@pytest.mark.parametrize("wait", [0, 200])
def test_a_version_that_does_not_come_is_404_after_the_wait_with_a_hint(client: Client, wait: int) -> None:
    (user_id,) = hold(user())

    answer, seconds = timed(client, user_id, minVersion=2, wait=wait)

    assert (answer.status_code, answer["Retry-After"]) == (404, "1")
    assert seconds >= wait / 1000


@pytest.mark.parametrize("query", [{"minVersion": 1}, {"wait": 0}, {"minVersion": 1, "wait": 0}, {"wait": 50}])
def test_whoever_expects_a_user_is_told_to_ask_again(client: Client, query: dict[str, Any]) -> None:
    user_id = created(client, ADA)

    by_id = client.get(f"{PATH}/{user_id}", query)
    by_email = client.get(f"{PATH}/email", {**ADA, **query})

    assert [(answer.status_code, answer["Retry-After"]) for answer in (by_id, by_email)] == [(404, "1")] * 2


def test_a_deleted_user_is_not_waited_into_being(client: Client) -> None:
    user_id = created(client, ADA)
    delete_user(client, user_id)
    project_everything()

    assert client.get(f"{PATH}/{user_id}", {"minVersion": 2, "wait": 50}).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "minVersion=0",
        "minVersion=-1",
        "minVersion=x",
        "minVersion=",
        "wait=-1",
        "wait=5001",
        "wait=NaN",
        "wait=1&wait=2",
    ],
)
def test_what_is_no_version_or_no_wait_is_refused(client: Client, query: str) -> None:
    (user_id,) = hold(user(email="ada@example.org"))

    assert client.get(f"{PATH}/{user_id}?{query}").status_code == 400
    assert client.get(f"{PATH}/email?email=ada@example.org&{query}").status_code == 400
