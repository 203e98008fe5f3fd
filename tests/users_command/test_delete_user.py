"""`DELETE …/{id}` leaves a tombstone on both sides: nobody reads the user any more, and nothing brings it back."""

from uuid import uuid4

from django.test import Client

from tests.users_command.real_users import real_users
from tests.users_command.stored import newest_profile, rows
from tests.users_command.user_requests import (
    created,
    delete_user,
    patch_user,
    post_user,
    read_events,
    read_user,
)
from tests.users_query.projecting import project_everything
from users_command.state import read_state

LEON = real_users()[0]


def test_a_deleted_user_is_read_by_nobody(client: Client) -> None:
    user_id = created(client, LEON)
    project_everything()

    answer = delete_user(client, user_id)
    project_everything()

    assert (answer.status_code, answer.content) == (204, b"")
    assert read_user(client, user_id).status_code == 404
    assert client.get(f"/api/v1/user-query/{user_id}").status_code == 404
    assert client.get("/api/v1/user-query/email", {"email": LEON["email"]}).status_code == 404
    assert client.get("/api/v1/user-query").json()["items"] == []


def test_its_history_still_answers(client: Client) -> None:
    user_id = created(client, LEON)
    patch_user(client, user_id, {"nat": "DK"})
    delete_user(client, user_id, '"2"')
    project_everything()

    events = read_events(client, user_id).json()["events"]

    assert [(event["stage"], event["version"]) for event in events if event["stage"] != "SYNCHRONIZED"] == [
        ("CREATED", 1),
        ("UPDATED", 2),
        ("DELETED", 3),
    ]
    assert [event["version"] for event in events if event["stage"] == "SYNCHRONIZED"] == [1, 2, 3]


def test_its_login_is_answered_with_409_in_its_run_and_free_in_others(client: Client) -> None:
    delete_user(client, created(client, LEON))

    again = post_user(client, LEON)

    assert again.status_code == 409
    assert again.json()["type"] == "/problems/conflict"
    assert post_user(client, LEON, seed="another").status_code == 201
    assert len(rows("select id from prm_user")) == 2


def test_statistics_count_it(client: Client) -> None:
    created(client, {"email": "stays@example.org"})
    delete_user(client, created(client, LEON))

    (stats,) = client.get("/api/v1/user-stats?seed=run-1").json()["stats"]

    assert stats["total"] == 2


def test_it_cannot_be_changed_or_deleted_again(client: Client) -> None:
    user_id = created(client, LEON)
    delete_user(client, user_id)

    assert delete_user(client, user_id, "*").status_code == 404
    assert patch_user(client, user_id, {"nat": "DK"}, "*").status_code == 404
    assert len(read_events(client, user_id).json()["events"]) == 2


def test_its_last_state_is_in_the_event(client: Client) -> None:
    user_id = created(client, LEON)
    last = read_state(user_id).profile  # type: ignore[arg-type]

    delete_user(client, user_id)

    assert newest_profile(user_id) == last


def test_an_older_document_that_comes_late_does_not_bring_it_back(client: Client) -> None:
    """The creation is projected for the first time together with the deletion, and then once more."""
    user_id = created(client, LEON)
    delete_user(client, user_id)
    project_everything()

    rows("delete from cqrs_checkpoint returning 1")
    project_everything()

    assert client.get(f"/api/v1/user-query/{user_id}").status_code == 404


def test_a_user_that_never_was_has_no_history(client: Client) -> None:
    answer = read_events(client, str(uuid4()))

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
