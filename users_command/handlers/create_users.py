"""Taking in users: one statement writes all their rows and their events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from cqrs.context import Context
from cqrs.eventlog.event_rows import NewEvent, event_rows
from cqrs.eventlog.first_events import INSERT_FIRST_EVENTS
from cqrs.eventlog.states_appended import states_appended
from cqrs.messages import Envelope
from cqrs.uuid7 import moment_of, new_uuid7
from users_command.commands import CreateUser
from users_command.events import UserCreated
from users_command.recording import new_event
from users_command.rows import COLUMNS, INSERT_SATELLITES, row_of

MOST_IN_A_STATEMENT = 1000

# The login decides who is new: its unique key turns away whoever is there already, also within one batch and also
# against a transaction that is still running. Sorted, so that two batches with the same logins cannot deadlock.
INSERT_USERS = f"""
with input as materialized (
    select * from jsonb_to_recordset(%s::jsonb) as new({COLUMNS})
), login as (
    insert into prm_user_login (user_id, seed, uuid, username)
    select id, seed, login_uuid, login_username from input
    where has_login order by seed, login_uuid
    on conflict (seed, uuid) do nothing returning user_id
), accepted as materialized (
    select * from input where login_uuid is null or id in (select user_id from login)
), users as (
    insert into prm_user (id, email, seed, app_id, version, gender, nat, title, first_name, last_name, born_at,
                          registered_at, phone, cell, created_at, updated_at)
    select id, email, seed, app_id, version, gender, nat, title, first_name, last_name, born_at,
           registered_at, phone, cell, created_at, updated_at from accepted
), {INSERT_SATELLITES}, {INSERT_FIRST_EVENTS}
select id from accepted
"""  # noqa: S608 - only texts of our own are put in

FIND_BY_LOGIN = """
select login.seed, login.uuid, users.id, users.email, users.app_id, users.version, users.created_at, users.deleted_at,
       case when exists (select from cqrs_event confirmation
                         where confirmation.aggregate_id = users.id and confirmation.confirms = users.version)
            then 'SYNCHRONIZED'
            else (select stage from cqrs_event state
                  where state.aggregate_id = users.id and state.version = users.version) end
from jsonb_to_recordset(%s::jsonb) as wanted(seed text, uuid uuid)
join prm_user_login login on login.seed = wanted.seed and login.uuid = wanted.uuid
join prm_user users on users.id = login.user_id
"""


class CreatedUser(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a CreateUser: a new user, or the one that was there already (`replayed`), perhaps `deleted`.

    `event_id` is the event of a new user.
    """

    user_id: UUID
    email: str
    seed: str
    app_id: str
    status: str
    version: int
    created_at: datetime
    event_id: UUID | None = None
    replayed: bool = False
    deleted: bool = False


def create_users(commands: Sequence[Envelope[CreateUser]]) -> list[CreatedUser]:
    """Store new users with their events; return one answer per command, in order.

    Up to `MOST_IN_A_STATEMENT` of them are stored together or not at all, more of them in the caller's transaction. A
    login that its run knows already is answered with the user that has it, and stores nothing.
    """
    # All ids before the first statement, so that they follow the order of the commands.
    events = [_created(command) for command in commands]
    answers: dict[int, CreatedUser] = {}
    for part in _parts(commands):
        created = _create_part([events[index] for index in part], [commands[index].context for index in part])
        answers.update(zip(part, created, strict=True))
    return [answers[index] for index in range(len(commands))]


def _parts(commands: Sequence[Envelope[CreateUser]]) -> list[list[int]]:
    """The places of the commands, in parts that a statement can hold in little memory.

    Ordered by login over all parts: whoever waits for a login that another transaction has taken holds only smaller
    ones, so no two transactions wait for one another.
    """
    places = sorted(range(len(commands)), key=lambda index: _login_order(commands[index].message))
    return [places[start : start + MOST_IN_A_STATEMENT] for start in range(0, len(places), MOST_IN_A_STATEMENT)]


def _login_order(command: CreateUser) -> tuple[str, int]:
    login = command.profile.login
    return command.seed, login.uuid.int if login and login.uuid else 0


def _create_part(events: Sequence[UserCreated], contexts: Sequence[Context]) -> list[CreatedUser]:
    recorded = {event.user_id: new_event(event, context) for event, context in zip(events, contexts, strict=True)}
    accepted = _insert(events, list(recorded.values()))
    states_appended([recorded[user_id] for user_id in accepted])
    known = _find([event for event in events if event.user_id not in accepted])
    return [
        _new(event, recorded[event.user_id].event_id) if event.user_id in accepted else known[_login(event)]
        for event in events
    ]


def _created(command: Envelope[CreateUser]) -> UserCreated:
    user_id = new_uuid7()
    # The id's own time, so that newest first by id and by creation are the same order.
    moment = moment_of(user_id)
    return UserCreated(
        user_id=user_id,
        version=1,
        seed=command.message.seed,
        app_id=command.context.app_id,
        profile=command.message.profile,
        created_at=moment,
        updated_at=moment,
    )


def _insert(events: Sequence[UserCreated], recorded: Sequence[NewEvent]) -> set[UUID]:
    rows = msgspec.json.encode([row_of(event) for event in events]).decode()
    with connection.cursor() as cursor:
        cursor.execute(INSERT_USERS, [rows, event_rows(recorded, "version")])
        return {row[0] for row in cursor.fetchall()}


def _find(events: Sequence[UserCreated]) -> dict[tuple[str, UUID | None], CreatedUser]:
    if not events:
        return {}
    wanted = [{"seed": seed, "uuid": uuid} for seed, uuid in map(_login, events)]
    with connection.cursor() as cursor:
        cursor.execute(FIND_BY_LOGIN, [msgspec.json.encode(wanted).decode()])
        return {(row[0], row[1]): _known(row) for row in cursor.fetchall()}


def _login(event: UserCreated) -> tuple[str, UUID | None]:
    return event.seed, event.profile.login.uuid if event.profile.login else None


def _new(event: UserCreated, event_id: UUID) -> CreatedUser:
    return CreatedUser(
        user_id=event.user_id,
        email=event.profile.email,
        seed=event.seed,
        app_id=event.app_id,
        status=event.stage,
        version=event.version,
        created_at=event.created_at,
        event_id=event_id,
    )


def _known(row: tuple[Any, ...]) -> CreatedUser:
    seed, _, user_id, email, app_id, version, created_at, deleted_at, status = row
    return CreatedUser(
        user_id=user_id,
        email=email,
        seed=seed,
        app_id=app_id,
        status=status,
        version=version,
        created_at=created_at,
        replayed=True,
        deleted=deleted_at is not None,
    )
