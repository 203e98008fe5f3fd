"""`PATCH …/{id}` changes what the patch names, on the version that the caller has seen, and says so in an event."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.threads import in_background, in_threads
from tests.users_command.locks import holding, waiting
from tests.users_command.real_users import real_users
from tests.users_command.stored import count, newest_profile
from tests.users_command.user_requests import (
    Answer,
    created,
    delete_user,
    new_client,
    patch_user,
    post_user,
    read_events,
    read_user,
)
from tests.waiting import wait_until
from users_command.state import read_state

LEON = real_users()[0]
PATCHES: list[dict[str, Any]] = [
    {"email": "new@example.org"},
    {"name": {"first": "Noël"}},
    {"name": None},
    {"name": {"title": None, "first": None, "last": None}},
    {"location": {"street": {"number": 9}, "postcode": 8000}},
    {"location": {"street": None, "coordinates": {"latitude": "1.5"}}},
    {"location": None},
    {"id": None, "picture": None, "phone": None, "cell": None, "gender": None, "nat": None},
    {"login": {"username": "other", "password": "dropped"}},
    {"login": {"username": None}},
    {"dob": None, "registered": {"date": "2001-01-01T00:00:00Z"}},
    {"picture": {"large": None}},
    {"id": {"value": None}},
]


def stages(client: Client, user_id: str) -> list[tuple[str, int]]:
    return [(event["stage"], event["version"]) for event in read_events(client, user_id).json()["events"]]


def paths(answer: Any) -> list[str]:
    return sorted(error["path"] for error in answer.json()["errors"])


def test_a_patch_changes_what_it_names_and_nothing_else(client: Client) -> None:
    user_id = created(client, LEON)
    before = read_user(client, user_id).json()

    answer = patch_user(client, user_id, {"location": {"city": "Odense"}, "phone": None})

    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    after = answer.json()
    assert after == read_user(client, user_id).json()
    assert (after["location"].pop("city"), before["location"].pop("city")) == ("Odense", "Bendigo")
    assert "phone" in before
    assert {key: after[key] for key in after.keys() - {"version", "status", "updatedAt"}} == {
        key: before[key] for key in before.keys() - {"version", "status", "updatedAt", "phone"}
    }
    assert (after["version"], after["status"]) == (2, "UPDATED")
    assert stages(client, user_id) == [("CREATED", 1), ("UPDATED", 2)]


@pytest.mark.parametrize("patch", PATCHES, ids=str)
def test_the_tables_and_the_newest_event_hold_the_same_after_any_patch(client: Client, patch: dict[str, Any]) -> None:
    user_id = created(client, LEON)

    answer = patch_user(client, user_id, patch)

    assert answer.status_code == 200
    assert read_state(user_id).profile == newest_profile(user_id)  # type: ignore[arg-type]
    assert len(stages(client, user_id)) == 2


def test_a_user_goes_through_all_patches_one_after_the_other(client: Client) -> None:
    user_id = created(client, LEON)

    for version, patch in enumerate(PATCHES, start=1):
        answer = patch_user(client, user_id, patch, if_match=f'"{read_user(client, user_id).json()["version"]}"')
        assert answer.status_code == 200, (version, patch, answer.content)

    assert read_state(user_id).profile == newest_profile(user_id)  # type: ignore[arg-type]


@pytest.mark.parametrize("user", real_users()[::7], ids=lambda user: user["nat"])
def test_every_stored_user_can_be_patched(client: Client, user: dict[str, Any]) -> None:
    """What was accepted once is accepted as the target of a patch."""
    user_id = created(client, user)

    assert patch_user(client, user_id, {"gender": "other"}).status_code == 200


@pytest.mark.parametrize("date", ["0002-01-01T00:00:00Z", "0001-12-31T23:00:00-01:00", "9999-01-01T09:59:59+10:00"])
def test_a_user_born_at_the_edge_of_time_can_be_patched(client: Client, date: str) -> None:
    user_id = created(client, {"email": "a@example.org", "dob": {"date": date}})

    assert patch_user(client, user_id, {"gender": "other"}).status_code == 200


def test_a_login_without_uuid_can_be_taken_away(client: Client) -> None:
    user_id = created(client, {"email": "a@example.org", "login": {"username": "a"}})

    answer = patch_user(client, user_id, {"login": None})

    assert "login" not in answer.json()
    assert count("prm_user_login") == 0


@pytest.mark.parametrize(
    "patch", [{}, {"email": LEON["email"]}, {"unknown": 1}, {"login": {"password": "new"}}, {"name": {"middle": None}}]
)
def test_a_patch_that_changes_nothing_makes_no_version_and_no_event(client: Client, patch: dict[str, Any]) -> None:
    user_id = created(client, LEON)

    answer = patch_user(client, user_id, patch)

    assert (answer.status_code, answer["ETag"]) == (200, '"1"')
    assert stages(client, user_id) == [("CREATED", 1)]


def test_a_change_reads_the_user_once(client: Client) -> None:
    user_id = created(client, LEON)

    with CaptureQueriesContext(connection) as statements:
        patch_user(client, user_id, {"nat": "DK"})
        delete_user(client, user_id, '"2"')

    texts = [statement["sql"].strip() for statement in statements.captured_queries]
    assert sum(text.startswith("select users.version") for text in texts) == 2
    assert sum(text.endswith("for update") for text in texts) == 2


def test_an_invalid_patch_is_refused_with_every_reason(client: Client) -> None:
    user_id = created(client, LEON)

    answer = patch_user(
        client, user_id, {"email": "nobody", "name": 5, "location": {"coordinates": {"latitude": "91"}}, "nat": {}}
    )

    assert answer.status_code == 400
    assert paths(answer) == ["email", "location.coordinates.latitude", "name", "nat"]
    assert stages(client, user_id) == [("CREATED", 1)]


@pytest.mark.parametrize("patch", [{"email": None}, {"email": ""}, {"email": {}}, {"email": []}])
def test_the_email_cannot_be_taken_away(client: Client, patch: dict[str, Any]) -> None:
    user_id = created(client, LEON)

    answer = patch_user(client, user_id, patch)

    assert (answer.status_code, paths(answer)) == (400, ["email"])


@pytest.mark.parametrize("login", [{"uuid": str(uuid4())}, {"uuid": None}, None])
def test_the_uuid_of_the_login_cannot_be_changed(client: Client, login: Any) -> None:
    user_id = created(client, LEON)

    answer = patch_user(client, user_id, {"login": login})

    assert (answer.status_code, paths(answer)) == (400, ["login.uuid"])
    assert post_user(client, LEON).json()["id"] == user_id


def test_a_uuid_cannot_be_given_to_a_login_later(client: Client) -> None:
    user_id = created(client, {"email": "a@example.org"})

    assert patch_user(client, user_id, {"login": LEON["login"]}).status_code == 400


@pytest.mark.parametrize("patch", ["[]", '"text"', "5", "null", "true"])
def test_a_patch_that_is_no_object_is_refused(client: Client, patch: str) -> None:
    user_id = created(client, LEON)

    assert patch_user(client, user_id, patch).status_code == 400


@pytest.mark.parametrize("content_type", ["application/json", "application/json-patch+json", "text/plain"])
def test_only_merge_patches_are_read(client: Client, content_type: str) -> None:
    user_id = created(client, LEON)

    answer = client.patch(f"/api/v1/user-command/{user_id}", "{}", content_type=content_type, headers={"If-Match": "*"})

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "change", [lambda client, user_id, if_match: patch_user(client, user_id, {"nat": "DK"}, if_match), delete_user]
)
class TestIfMatch:
    """Both changes are guarded alike. The user is at version 2."""

    @pytest.fixture
    def user_id(self, client: Client) -> str:
        user_id = created(client, LEON)
        assert patch_user(client, user_id, {"gender": "other"}).status_code == 200
        return user_id

    @pytest.mark.parametrize("if_match", ['"2"', '"1", "2"', '"3","2"', "*", " * ", '"x", W/"2", "2"'])
    def test_the_present_version_lets_pass(self, client: Client, user_id: str, change: Any, if_match: str) -> None:
        assert change(client, user_id, if_match).status_code in {200, 204}

    @pytest.mark.parametrize("if_match", ['"1"', '"3"', 'W/"2"', '"02"', '"2x"', '"1", "3"', '""', f'"{9 * 10**17}"'])
    def test_any_other_is_412_and_changes_nothing(
        self, client: Client, user_id: str, change: Any, if_match: str
    ) -> None:
        answer = change(client, user_id, if_match)

        assert answer.status_code == 412
        assert answer.json()["type"] == "/problems/stale-version"
        assert len(stages(client, user_id)) == 2

    @pytest.mark.parametrize("if_match", ["2", "", '"2', "two", '"2" "3"', "'2'", '"2";', '"' * 2000])
    def test_what_is_no_entity_tag_is_400(self, client: Client, user_id: str, change: Any, if_match: str) -> None:
        assert change(client, user_id, if_match).status_code == 400
        assert len(stages(client, user_id)) == 2

    def test_without_the_header_it_is_428(self, client: Client, user_id: str, change: Any) -> None:
        answer = change(client, user_id, None)

        assert answer.status_code == 428
        assert len(stages(client, user_id)) == 2

    def test_an_unknown_user_is_404(self, client: Client, change: Any) -> None:
        assert change(client, str(uuid4()), "*").status_code == 404


def meeting_at_the_row(user_id: str, *changes: Callable[[Client], Answer]) -> list[Answer]:
    """Have all changes wait for the user's row at the same moment, then let them go."""
    with ExitStack() as threads:
        with holding("select from prm_user where id = %s for update", user_id):
            calls = [lambda change=change: change(new_client()) for change in changes]
            race = threads.enter_context(in_background(lambda: in_threads(calls)))
            wait_until(lambda: waiting() == len(changes), "all changes wait for the user's row")
        return race.result(60)


def test_of_patches_at_once_one_wins_and_the_others_are_412(client: Client) -> None:
    user_id = created(client, LEON)

    answers = meeting_at_the_row(
        user_id, *[lambda one, nat=nat: patch_user(one, user_id, {"nat": nat}) for nat in ("AA", "BB", "CC")]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert read_user(client, user_id).json() == winner.json()
    assert stages(client, user_id) == [("CREATED", 1), ("UPDATED", 2)]


def test_patches_of_any_version_at_once_all_take_effect(client: Client) -> None:
    user_id = created(client, LEON)
    patches: list[dict[str, Any]] = [{"nat": "AA"}, {"gender": "other"}, {"name": {"first": "Noël"}}]

    answers = meeting_at_the_row(
        user_id, *[lambda one, patch=patch: patch_user(one, user_id, patch, "*") for patch in patches]
    )

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    after = read_user(client, user_id).json()
    assert (after["nat"], after["gender"], after["name"]["first"], after["version"]) == ("AA", "other", "Noël", 4)


def test_a_patch_that_meets_a_deletion_is_404_or_comes_first(client: Client) -> None:
    user_id = created(client, LEON)

    patched, deleted = meeting_at_the_row(
        user_id,
        lambda one: patch_user(one, user_id, {"nat": "AA"}),
        lambda one: delete_user(one, user_id),
    )

    assert (patched.status_code, deleted.status_code) in {(200, 412), (404, 204)}
