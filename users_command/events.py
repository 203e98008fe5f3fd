"""What has happened to users. Each event holds the whole state after it, so events alone can rebuild a user.

These shapes are published. They are never edited: a change is a new version with a new wire name and an upcaster.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from cqrs.messages import Event

AGGREGATE_TYPE = "user"


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A piece of a user's state."""


class Name(Part, frozen=True, kw_only=True):
    """How a user is called, in any script."""

    title: str | None = None
    first: str | None = None
    last: str | None = None


class Street(Part, frozen=True, kw_only=True):
    """Street and house number."""

    number: int | None = None
    name: str | None = None


class Coordinates(Part, frozen=True, kw_only=True):
    """A place on earth in decimal degrees, as text as it was given."""

    latitude: str | None = None
    longitude: str | None = None


class Timezone(Part, frozen=True, kw_only=True):
    """The offset from UTC as text, and places that share it."""

    offset: str | None = None
    description: str | None = None


class Location(Part, frozen=True, kw_only=True):
    """Where a user lives; the postcode is text."""

    street: Street | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postcode: str | None = None
    coordinates: Coordinates | None = None
    timezone: Timezone | None = None


class Identity(Part, frozen=True, kw_only=True):
    """Kind and number of the national identity document."""

    name: str | None = None
    value: str | None = None


class Login(Part, frozen=True, kw_only=True):
    """The login without its secrets."""

    uuid: UUID | None = None
    username: str | None = None


class Picture(Part, frozen=True, kw_only=True):
    """Addresses of the portraits."""

    large: str | None = None
    medium: str | None = None
    thumbnail: str | None = None


class Profile(Part, frozen=True, kw_only=True):
    """All that is known of a user besides its history."""

    email: str
    gender: str | None = None
    name: Name | None = None
    location: Location | None = None
    identity: Identity | None = None
    login: Login | None = None
    born_at: datetime | None = None
    registered_at: datetime | None = None
    phone: str | None = None
    cell: str | None = None
    picture: Picture | None = None
    nat: str | None = None


def profile_as_shown(profile: Profile, *, kept: tuple[type, ...] = ()) -> dict[str, Any]:
    """Return a profile as both sides show it: in camelCase, without what is unknown, dates in `dob` and `registered`.

    Values of the types in `kept` stay what they are, others become what JSON knows.
    """
    shown: dict[str, Any] = msgspec.to_builtins(profile, builtin_types=kept)
    for name, at in (("dob", "bornAt"), ("registered", "registeredAt")):
        if at in shown:
            shown[name] = {"date": shown.pop(at)}
    return shown


class UserStateChanged(Event, frozen=True, kw_only=True):
    """What the state events share: the user, the version that the event led to, and the state after it."""

    stage: ClassVar[str]

    user_id: UUID
    version: int
    seed: str
    app_id: str
    profile: Profile
    created_at: datetime
    updated_at: datetime


class UserCreated(UserStateChanged, frozen=True, kw_only=True):
    """A user was taken in."""

    wire_name: ClassVar[str] = "users.user_created.v1"
    stage: ClassVar[str] = "CREATED"


class UserUpdated(UserStateChanged, frozen=True, kw_only=True):
    """A user's profile was changed."""

    wire_name: ClassVar[str] = "users.user_updated.v1"
    stage: ClassVar[str] = "UPDATED"


class UserDeleted(UserStateChanged, frozen=True, kw_only=True):
    """A user was removed; the profile is its last one."""

    wire_name: ClassVar[str] = "users.user_deleted.v1"
    stage: ClassVar[str] = "DELETED"


class UserSynchronized(Event, frozen=True, kw_only=True):
    """The read side holds this version of the user."""

    wire_name: ClassVar[str] = "users.user_synchronized.v1"
    stage: ClassVar[str] = "SYNCHRONIZED"

    user_id: UUID
    version: int
    synchronized_at: datetime


EVENTS: tuple[type[Event], ...] = (UserCreated, UserUpdated, UserDeleted, UserSynchronized)
