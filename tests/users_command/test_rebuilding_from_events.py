"""An event holds the whole state after it: users can be rebuilt from events alone, exactly as the tables hold them."""

from typing import Any
from uuid import UUID

import msgspec
from django.test import Client

from tests.users_command.real_users import real_users
from tests.users_command.stored import rows
from tests.users_command.user_requests import created, delete_user, patch_user, post_users, read_user
from users_command.events import EVENTS
from users_command.state import UserState, read_state

NEWEST_EVENTS = """
select distinct on (aggregate_id) event_id, name, data::text from cqrs_event
where version is not null order by aggregate_id, version desc
"""
OF_NAME = {event.wire_name: event for event in EVENTS}


def rebuilt() -> dict[UUID, UserState]:
    """The state of every user, from its newest event alone."""
    states = [
        as_state(event_id, msgspec.json.decode(data, type=OF_NAME[name]))
        for event_id, name, data in rows(NEWEST_EVENTS)
    ]
    return {state.user_id: state for state in states}


def as_state(event_id: UUID, event: Any) -> UserState:
    return UserState(
        user_id=event.user_id,
        version=event.version,
        status=event.stage,
        seed=event.seed,
        app_id=event.app_id,
        created_at=event.created_at,
        updated_at=event.updated_at,
        profile=event.profile,
        event_id=event_id,
    )


def test_every_real_user_is_the_same_in_the_tables_and_in_its_event(client: Client) -> None:
    post_users(client, {"results": real_users(), "info": {"seed": "real"}}, query="")

    users = rebuilt()

    assert len(users) == 111
    for user_id, state in users.items():
        assert state == read_state(user_id)


def test_a_changed_user_is_rebuilt_from_its_newest_event_alone(client: Client) -> None:
    user_id = created(client, real_users()[3])
    patch_user(client, user_id, {"location": {"street": None}, "nat": "DK"})
    patch_user(client, user_id, {"login": {"username": "renamed"}, "picture": None}, '"2"')

    (state,) = rebuilt().values()

    assert state == read_state(UUID(user_id))
    assert (state.version, state.profile.nat) == (3, "DK")


def test_a_deleted_user_keeps_its_last_state_in_the_log(client: Client) -> None:
    user_id = created(client, real_users()[3])
    before = read_user(client, user_id).json()
    delete_user(client, user_id)

    (state,) = rebuilt().values()

    assert (state.status, state.version) == ("DELETED", 2)
    assert state.profile.email == before["email"]
    assert rows("select version, deleted_at is not null from prm_user") == [(2, True)]
