"""Changing and removing one user: lock its row, check the version, write the rows, append the event."""

from uuid import UUID

import msgspec
from django.db import connection

from cqrs.clock import now
from cqrs.eventlog.append import append
from cqrs.messages import Envelope
from users_command.commands import DeleteUser, UpdateUser
from users_command.errors import LoginIsPermanent, StaleUser, UserNotFound
from users_command.events import Profile, UserDeleted, UserStateChanged, UserUpdated
from users_command.patched import patched
from users_command.recording import new_event
from users_command.rows import COLUMNS, INSERT_SATELLITES, row_of
from users_command.state import UserState, read_state

LOCK_USER = "select from prm_user where id = %s and deleted_at is null for update"

# A part that a change has taken away must not stay behind, so the satellites are written anew. Only a login with a uuid
# stays: no change can take it away, and its key must not be free for another user for a moment.
DELETE_SATELLITES = """
with location as (delete from prm_user_location where user_id = %(id)s),
     identity as (delete from prm_user_identity where user_id = %(id)s),
     login as (delete from prm_user_login where user_id = %(id)s and uuid is null)
delete from prm_user_picture where user_id = %(id)s
"""

UPDATE_USER = f"""
with accepted as materialized (
    select * from jsonb_to_recordset(%s::jsonb) as new({COLUMNS})
), login as (
    insert into prm_user_login (user_id, seed, uuid, username)
    select id, seed, login_uuid, login_username from accepted where has_login
    on conflict (user_id) do update set username = excluded.username
), {INSERT_SATELLITES}
update prm_user set email = new.email, version = new.version, gender = new.gender, nat = new.nat, title = new.title,
    first_name = new.first_name, last_name = new.last_name, born_at = new.born_at, registered_at = new.registered_at,
    phone = new.phone, cell = new.cell, updated_at = new.updated_at
from accepted new where prm_user.id = new.id
"""  # noqa: S608 - only texts of this package are put in

DELETE_USER = "update prm_user set version = %s, updated_at = %s, deleted_at = %s where id = %s"


def update_user(command: Envelope[UpdateUser]) -> UserState:
    """Patch a user in the caller's transaction and return the state after it.

    A patch that changes nothing leads to no new version and no event.
    Raises UserNotFound, StaleUser, LoginIsPermanent, and InvalidRequest where the patched user is not a valid one.
    """
    wanted = command.message
    state = _locked_state(wanted)
    profile = patched(state.profile, wanted.patch)
    if profile == state.profile:
        return state
    if _login_uuid(profile) != _login_uuid(state.profile):
        raise LoginIsPermanent
    event = _after(state, UserUpdated, profile)
    _replace_rows(event)
    updated = new_event(event, command.context)
    append([updated])
    return _updated_state(state, event, updated.event_id)


def delete_user(command: Envelope[DeleteUser]) -> UUID:
    """Mark a user as deleted in the caller's transaction and return the event's id. Raises UserNotFound, StaleUser."""
    wanted = command.message
    state = _locked_state(wanted)
    event = _after(state, UserDeleted, state.profile)
    with connection.cursor() as cursor:
        cursor.execute(DELETE_USER, [event.version, event.updated_at, event.updated_at, event.user_id])
    deleted = new_event(event, command.context)
    append([deleted])
    return deleted.event_id


def _locked_state(wanted: UpdateUser | DeleteUser) -> UserState:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_USER, [wanted.user_id])
        if cursor.rowcount == 0:
            raise UserNotFound(wanted.user_id)
    # A statement of its own: its snapshot is newer than the lock, so it sees what the last holder committed.
    state = read_state(wanted.user_id)
    if wanted.allowed_versions is not None and state.version not in wanted.allowed_versions:
        raise StaleUser(wanted.user_id, actual=state.version)
    return state


def _after(state: UserState, kind: type[UserStateChanged], profile: Profile) -> UserStateChanged:
    return kind(
        user_id=state.user_id,
        version=state.version + 1,
        seed=state.seed,
        app_id=state.app_id,
        profile=profile,
        created_at=state.created_at,
        updated_at=max(now(), state.updated_at),
    )


def _updated_state(before: UserState, event: UserStateChanged, event_id: UUID) -> UserState:
    return msgspec.structs.replace(
        before,
        version=event.version,
        status=event.stage,
        updated_at=event.updated_at,
        profile=event.profile,
        event_id=event_id,
    )


def _replace_rows(event: UserStateChanged) -> None:
    with connection.cursor() as cursor:
        cursor.execute(DELETE_SATELLITES, {"id": event.user_id})
        cursor.execute(UPDATE_USER, [msgspec.json.encode([row_of(event)]).decode()])


def _login_uuid(profile: Profile) -> UUID | None:
    return profile.login.uuid if profile.login else None
