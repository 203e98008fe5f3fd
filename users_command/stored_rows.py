"""A user's rows as they stand in the tables, flat as `users_command.rows` lays them out for writing.

Reading them back in the writer's own layout makes them comparable with what an event says they should be.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from users_command.events import UserDeleted, UserStateChanged
from users_command.rows import row_of

READ_ROWS = """
select users.id, users.email, users.seed, users.app_id, users.version, users.gender, users.nat,
       users.title, users.first_name, users.last_name, users.born_at, users.registered_at, users.phone, users.cell,
       users.created_at, users.updated_at,
       location.user_id is not null as has_location, location.street_number, location.street_name, location.city,
       location.state, location.country, location.postcode, location.latitude, location.longitude,
       location.timezone_offset, location.timezone_description,
       identity.user_id is not null as has_identity, identity.name as identity_name, identity.value as identity_value,
       login.user_id is not null as has_login, login.uuid as login_uuid, login.username as login_username,
       picture.user_id is not null as has_picture, picture.large, picture.medium, picture.thumbnail,
       users.deleted_at
from prm_user users
left join prm_user_location location on location.user_id = users.id
left join prm_user_identity identity on identity.user_id = users.id
left join prm_user_login login on login.user_id = users.id
left join prm_user_picture picture on picture.user_id = users.id
where %(after)s::uuid is null or users.id > %(after)s
order by users.id limit %(limit)s
"""


def rows_after(after: UUID | None, limit: int) -> dict[UUID, dict[str, Any]]:
    """Return the rows of the next users in order of their ids, deleted ones as well."""
    with connection.cursor() as cursor:
        cursor.execute(READ_ROWS, {"after": after, "limit": limit})
        columns = [column.name for column in cursor.description or ()]
        return {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}


def row_after(event: UserStateChanged) -> dict[str, Any]:
    """Return the row that a user must have after this event."""
    return {**row_of(event), "deleted_at": event.updated_at if isinstance(event, UserDeleted) else None}
