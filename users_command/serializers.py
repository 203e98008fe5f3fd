"""What comes in over HTTP: the shape of a randomuser.me user, checked once, and its translation into commands.

Only `email` is required. Everything else is checked where it is present; unknown keys are ignored, and with them the
password, its salt and its hashes, which no store, event or log ever sees.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from cqrs.clock import cut
from cqrs.web.validation import FieldRefused
from users_command import events

# In Python `$` also matches before a last newline.
END = r"$(?!\n)"
ADDRESS_PART = r"[^@\s\x00-\x1f\x7f]+"

Text = Annotated[str, Meta(max_length=200)]
ShortText = Annotated[str, Meta(max_length=40)]
LongText = Annotated[str, Meta(max_length=500)]
Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=rf"^{ADDRESS_PART}@{ADDRESS_PART}{END}",
        description="An address in any script",
        examples=["ada@example.org"],
    ),
]
Seed = Annotated[str, Meta(min_length=1, max_length=64, description="Names the run", examples=["run-1"])]
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# Ranges as patterns, so that both coordinates are reported when both are wrong.
Latitude = Annotated[str, Meta(pattern=rf"^[+-]?0?([0-8]?[0-9](\.[0-9]{{1,15}})?|90(\.0{{1,15}})?){END}")]
Longitude = Annotated[
    str, Meta(pattern=rf"^[+-]?(0?[0-9]{{1,2}}(\.[0-9]{{1,15}})?|1[0-7][0-9](\.[0-9]{{1,15}})?|180(\.0{{1,15}})?){END}")
]
Address = Annotated[str, Meta(max_length=500, pattern=rf"^(https?://|/)[^\s]+{END}")]
Moment = Annotated[datetime, Meta(tz=True)]
# A year within what Python, PostgreSQL and MongoDB can all hold, so that every offset can show it.
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class NameIn(Struct, frozen=True, kw_only=True):
    """`name`."""

    title: ShortText | None = None
    first: Text | None = None
    last: Text | None = None


class StreetIn(Struct, frozen=True, kw_only=True):
    """`location.street`."""

    number: Number | None = None
    name: Text | None = None


class CoordinatesIn(Struct, frozen=True, kw_only=True):
    """`location.coordinates`: decimal degrees as text."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None


class TimezoneIn(Struct, frozen=True, kw_only=True):
    """`location.timezone`."""

    offset: ShortText | None = None
    description: Text | None = None


class LocationIn(Struct, frozen=True, kw_only=True):
    """`location`. The postcode is a number for some nationalities and text for others."""

    street: StreetIn | None = None
    city: Text | None = None
    state: Text | None = None
    country: Text | None = None
    postcode: Number | ShortText | None = None
    coordinates: CoordinatesIn | None = None
    timezone: TimezoneIn | None = None


class IdentityIn(Struct, frozen=True, kw_only=True):
    """`id`: the national identity document."""

    name: ShortText | None = None
    value: Text | None = None


class LoginIn(Struct, frozen=True, kw_only=True):
    """`login`, of which only what is no secret is read."""

    uuid: UUID | None = None
    username: Text | None = None


class DateIn(Struct, frozen=True, kw_only=True):
    """`dob` and `registered`. The age is ignored: it is derived, and differs with the day of the request."""

    date: Moment | None = None

    def __post_init__(self) -> None:
        if self.date is not None and not EARLIEST <= self.date < LATEST:
            raise FieldRefused("date", "Must lie between the years 2 and 9998", "range")


class PictureIn(Struct, frozen=True, kw_only=True):
    """`picture`: addresses, absolute or on this host."""

    large: Address | None = None
    medium: Address | None = None
    thumbnail: Address | None = None


class UserIn(Struct, frozen=True, kw_only=True):
    """One user as randomuser.me describes it."""

    email: Email
    gender: ShortText | None = None
    name: NameIn | None = None
    location: LocationIn | None = None
    id: IdentityIn | None = None
    login: LoginIn | None = None
    dob: DateIn | None = None
    registered: DateIn | None = None
    phone: ShortText | None = None
    cell: ShortText | None = None
    picture: PictureIn | None = None
    nat: ShortText | None = None


def profile_from(user: UserIn) -> events.Profile:
    """Translate a checked user into the state that commands and events carry."""
    return events.Profile(
        email=user.email,
        gender=user.gender,
        name=_part(user.name, events.Name),
        location=_location_from(user.location),
        identity=_part(user.id, events.Identity),
        login=_part(user.login, events.Login),
        born_at=_moment_from(user.dob),
        registered_at=_moment_from(user.registered),
        phone=user.phone,
        cell=user.cell,
        picture=_part(user.picture, events.Picture),
        nat=user.nat,
    )


def profile_to_patch(profile: events.Profile) -> dict[str, Any]:
    """Return a profile as it could come in again, which a merge patch applies to: the way back of `profile_from`."""
    shape = events.profile_as_shown(profile)
    if "identity" in shape:
        shape["id"] = shape.pop("identity")
    return shape


def _part(source: Struct | None, target: type[events.Part]) -> Any:
    if source is None:
        return None
    return _unless_empty(target(**{name: getattr(source, name) for name in target.__struct_fields__}))


def _unless_empty(part: events.Part) -> Any:
    # An object without content is as good as none; the tables could not tell the two apart.
    return part if part != type(part)() else None


def _location_from(location: LocationIn | None) -> Any:
    if location is None:
        return None
    return _unless_empty(
        events.Location(
            street=_part(location.street, events.Street),
            city=location.city,
            state=location.state,
            country=location.country,
            postcode=None if location.postcode is None else str(location.postcode),
            coordinates=_part(location.coordinates, events.Coordinates),
            timezone=_part(location.timezone, events.Timezone),
        )
    )


def _moment_from(date: DateIn | None) -> datetime | None:
    return cut(date.date) if date and date.date else None
