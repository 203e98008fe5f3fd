"""A user's present state, read from the normalised tables."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db import connection

from users_command.errors import UserNotFound
from users_command.events import (
    Coordinates,
    Identity,
    Location,
    Login,
    Name,
    Part,
    Picture,
    Profile,
    Street,
    Timezone,
)

P = TypeVar("P", bound=Part)

READ_STATE = """
select users.version, users.seed, users.app_id, users.created_at, users.updated_at, users.email, users.gender,
       users.nat, users.born_at, users.registered_at, users.phone, users.cell,
       users.title, users.first_name, users.last_name,
       location.user_id is not null, location.street_number, location.street_name, location.city, location.state,
       location.country, location.postcode, location.latitude, location.longitude, location.timezone_offset,
       location.timezone_description,
       identity.user_id is not null, identity.name, identity.value,
       login.user_id is not null, login.uuid, login.username,
       picture.user_id is not null, picture.large, picture.medium, picture.thumbnail,
       made.event_id, made.stage,
       exists (select from cqrs_event where aggregate_id = users.id and confirms = users.version)
from prm_user users
join cqrs_event made on made.aggregate_id = users.id and made.version = users.version
left join prm_user_location location on location.user_id = users.id
left join prm_user_identity identity on identity.user_id = users.id
left join prm_user_login login on login.user_id = users.id
left join prm_user_picture picture on picture.user_id = users.id
where users.id = %s and users.deleted_at is null
"""


class UserState(msgspec.Struct, frozen=True, kw_only=True):
    """A user on the write side. `status` is the last stage that this version has reached, `event_id` what led to it."""

    user_id: UUID
    version: int
    status: str
    seed: str
    app_id: str
    created_at: datetime
    updated_at: datetime
    profile: Profile
    event_id: UUID


def read_state(user_id: UUID) -> UserState:
    """Return the state of a user that is not deleted. Raises UserNotFound."""
    with connection.cursor() as cursor:
        cursor.execute(READ_STATE, [user_id])
        row = cursor.fetchone()
    if row is None:
        raise UserNotFound(user_id)
    version, seed, app_id, created_at, updated_at = row[:5]
    event_id, stage, synchronized = row[-3:]
    return UserState(
        user_id=user_id,
        version=version,
        status="SYNCHRONIZED" if synchronized else stage,
        seed=seed,
        app_id=app_id,
        created_at=created_at,
        updated_at=updated_at,
        profile=_profile(row),
        event_id=event_id,
    )


def _profile(row: tuple[Any, ...]) -> Profile:
    email, gender, nat, born_at, registered_at, phone, cell = row[5:12]
    return Profile(
        email=email,
        gender=gender,
        name=_unless_empty(Name(title=row[12], first=row[13], last=row[14])),
        location=_location(row[16:26]) if row[15] else None,
        identity=Identity(name=row[27], value=row[28]) if row[26] else None,
        login=Login(uuid=row[30], username=row[31]) if row[29] else None,
        born_at=born_at,
        registered_at=registered_at,
        phone=phone,
        cell=cell,
        picture=Picture(large=row[33], medium=row[34], thumbnail=row[35]) if row[32] else None,
        nat=nat,
    )


def _location(columns: tuple[Any, ...]) -> Location:
    number, street, city, state, country, postcode, latitude, longitude, offset, description = columns
    return Location(
        street=_unless_empty(Street(number=number, name=street)),
        city=city,
        state=state,
        country=country,
        postcode=postcode,
        coordinates=_unless_empty(Coordinates(latitude=latitude, longitude=longitude)),
        timezone=_unless_empty(Timezone(offset=offset, description=description)),
    )


def _unless_empty(part: P) -> P | None:
    return part if part != type(part)() else None
