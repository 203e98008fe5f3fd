"""A user's state as one flat row: the input of the statements that spread it over the tables."""

from typing import Any

from users_command.events import (
    Coordinates,
    Identity,
    Location,
    Login,
    Name,
    Picture,
    Street,
    Timezone,
    UserStateChanged,
)

COLUMNS = """
    id uuid, email text, seed text, app_id text, version bigint, gender text, nat text,
    title text, first_name text, last_name text, born_at timestamptz, registered_at timestamptz, phone text, cell text,
    created_at timestamptz, updated_at timestamptz,
    has_location boolean, street_number bigint, street_name text, city text, state text, country text, postcode text,
    latitude text, longitude text, timezone_offset text, timezone_description text,
    has_identity boolean, identity_name text, identity_value text,
    has_login boolean, login_uuid uuid, login_username text,
    has_picture boolean, large text, medium text, thumbnail text
"""

# Reads from `accepted`, which has the columns above.
INSERT_SATELLITES = """
location as (
    insert into prm_user_location (user_id, street_number, street_name, city, state, country, postcode, latitude,
                                   longitude, timezone_offset, timezone_description)
    select id, street_number, street_name, city, state, country, postcode, latitude,
           longitude, timezone_offset, timezone_description from accepted where has_location
), identity as (
    insert into prm_user_identity (user_id, name, value)
    select id, identity_name, identity_value from accepted where has_identity
), picture as (
    insert into prm_user_picture (user_id, large, medium, thumbnail)
    select id, large, medium, thumbnail from accepted where has_picture
)
"""

NO_NAME, NO_LOGIN, NO_IDENTITY, NO_PICTURE = Name(), Login(), Identity(), Picture()
NO_LOCATION, NO_STREET, NO_COORDINATES, NO_TIMEZONE = Location(), Street(), Coordinates(), Timezone()


def row_of(event: UserStateChanged) -> dict[str, Any]:
    """Flatten the state after `event`; what is unknown is null."""
    profile = event.profile
    name, login = profile.name or NO_NAME, profile.login or NO_LOGIN
    identity, picture = profile.identity or NO_IDENTITY, profile.picture or NO_PICTURE
    return {
        "id": event.user_id,
        "email": profile.email,
        "seed": event.seed,
        "app_id": event.app_id,
        "version": event.version,
        "gender": profile.gender,
        "nat": profile.nat,
        "title": name.title,
        "first_name": name.first,
        "last_name": name.last,
        "born_at": profile.born_at,
        "registered_at": profile.registered_at,
        "phone": profile.phone,
        "cell": profile.cell,
        "created_at": event.created_at,
        "updated_at": event.updated_at,
        "has_location": profile.location is not None,
        **_location_columns(profile.location or NO_LOCATION),
        "has_identity": profile.identity is not None,
        "identity_name": identity.name,
        "identity_value": identity.value,
        "has_login": profile.login is not None,
        "login_uuid": login.uuid,
        "login_username": login.username,
        "has_picture": profile.picture is not None,
        "large": picture.large,
        "medium": picture.medium,
        "thumbnail": picture.thumbnail,
    }


def _location_columns(location: Location) -> dict[str, Any]:
    street, timezone = location.street or NO_STREET, location.timezone or NO_TIMEZONE
    coordinates = location.coordinates or NO_COORDINATES
    return {
        "street_number": street.number,
        "street_name": street.name,
        "city": location.city,
        "state": location.state,
        "country": location.country,
        "postcode": location.postcode,
        "latitude": coordinates.latitude,
        "longitude": coordinates.longitude,
        "timezone_offset": timezone.offset,
        "timezone_description": timezone.description,
    }
