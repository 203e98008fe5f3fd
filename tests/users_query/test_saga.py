"""The users' process, without any store: what follows from what has happened."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cqrs.testing.given_when_then import given
from users_command.commands import SynchronizeUser
from users_command.events import Name, Profile, UserCreated, UserDeleted, UserSynchronized, UserUpdated
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.events import UserDocumentStored
from users_query.saga import CONFIRM_USERS, PROJECT_USERS

ADA = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
CREATED = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
UPDATED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
STORED = datetime(2026, 1, 3, 12, 0, tzinfo=UTC)
PROFILE = Profile(email="ada@example.org", name=Name(first="Ada", last="Lovelace"))


@pytest.fixture(autouse=True)
def _clean() -> None:
    """Nothing here reaches a store, so none is emptied."""


def state(version: int, updated_at: datetime = CREATED) -> dict[str, Any]:
    return {
        "user_id": ADA,
        "version": version,
        "seed": "run-1",
        "app_id": "instance-1",
        "profile": PROFILE,
        "created_at": CREATED,
        "updated_at": updated_at,
    }


def test_a_new_user_needs_a_document_with_all_that_is_known() -> None:
    given(PROJECT_USERS).when(UserCreated(**state(1))).then(StoreUserDocument(**state(1)))


def test_a_changed_user_needs_the_document_of_the_new_version() -> None:
    given(PROJECT_USERS).when(UserUpdated(**state(2, UPDATED))).then(StoreUserDocument(**state(2, UPDATED)))


def test_a_deleted_user_needs_a_tombstone_of_that_version() -> None:
    given(PROJECT_USERS).when(UserDeleted(**state(3, UPDATED))).then(RemoveUserDocument(user_id=ADA, version=3))


def test_a_document_that_is_stored_is_confirmed_with_the_time_of_its_write() -> None:
    given(CONFIRM_USERS).when(UserDocumentStored(user_id=ADA, version=3, stored_at=STORED)).then(
        SynchronizeUser(user_id=ADA, version=3, synchronized_at=STORED)
    )


def test_a_confirmation_leads_to_nothing_more() -> None:
    confirmed = UserSynchronized(user_id=ADA, version=3, synchronized_at=STORED)

    given(PROJECT_USERS, CONFIRM_USERS).when(confirmed).then_nothing()


def test_a_rebuild_which_only_projects_confirms_nothing() -> None:
    stored = UserDocumentStored(user_id=ADA, version=1, stored_at=STORED)

    given(PROJECT_USERS).when(stored).then_nothing()


@pytest.mark.parametrize("kind", [UserCreated, UserUpdated, UserDeleted])
def test_a_replay_leads_to_the_same_commands(kind: type[UserCreated]) -> None:
    once = given(PROJECT_USERS).when(kind(**state(2))).commands
    again = given(PROJECT_USERS).when(kind(**state(2))).commands

    assert once == again


def test_a_users_life_is_projected_in_its_order() -> None:
    given(PROJECT_USERS, CONFIRM_USERS).when(
        UserCreated(**state(1)), UserUpdated(**state(2, UPDATED)), UserDeleted(**state(3, UPDATED))
    ).then(
        StoreUserDocument(**state(1)),
        StoreUserDocument(**state(2, UPDATED)),
        RemoveUserDocument(user_id=ADA, version=3),
    )
