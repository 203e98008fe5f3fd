"""How a user of the write side looks over HTTP."""

from datetime import datetime
from uuid import UUID

import msgspec

from cqrs.web.errors import FieldError
from users_command.events import Identity, Location, Login, Name, Picture
from users_command.handlers.create_users import CreatedUser
from users_command.state import UserState
from users_command.statistics import RunStats

COLLECTION_PATH = "/api/v1/user-command"


class AcceptedUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to a creation."""

    id: UUID
    email: str
    seed: str
    app_id: str
    status: str
    version: int
    created_at: datetime


class Date(msgspec.Struct, frozen=True, kw_only=True):
    """`dob` and `registered`."""

    date: datetime


class CommandUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A user on the write side; `status` is the last stage that its version has reached."""

    id: UUID
    email: str
    gender: str | None = None
    name: Name | None = None
    location: Location | None = None
    identity: Identity | None = None
    login: Login | None = None
    dob: Date | None = None
    registered: Date | None = None
    phone: str | None = None
    cell: str | None = None
    picture: Picture | None = None
    nat: str | None = None
    seed: str
    app_id: str
    status: str
    version: int
    created_at: datetime
    updated_at: datetime


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A user that was not stored, by its place in the request, and every reason."""

    index: int
    errors: list[FieldError]


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many users are new, how many were there already, and which were refused."""

    seed: str
    created: int
    replayed: int
    rejected: list[Rejected]


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """One row for each run and accepting instance."""

    stats: list[RunStats]


def accepted(user: CreatedUser) -> AcceptedUser:
    """Represent a user that was just taken in, or found to be there."""
    return AcceptedUser(
        id=user.user_id,
        email=user.email,
        seed=user.seed,
        app_id=user.app_id,
        status=user.status,
        version=user.version,
        created_at=user.created_at,
    )


def whole(state: UserState) -> CommandUser:
    """Represent the state of a user on the write side."""
    profile = state.profile
    return CommandUser(
        id=state.user_id,
        email=profile.email,
        gender=profile.gender,
        name=profile.name,
        location=profile.location,
        identity=profile.identity,
        login=profile.login,
        dob=_date(profile.born_at),
        registered=_date(profile.registered_at),
        phone=profile.phone,
        cell=profile.cell,
        picture=profile.picture,
        nat=profile.nat,
        seed=state.seed,
        app_id=state.app_id,
        status=state.status,
        version=state.version,
        created_at=state.created_at,
        updated_at=state.updated_at,
    )


def _date(moment: datetime | None) -> Date | None:
    return None if moment is None else Date(date=moment)


def location_of(user_id: UUID) -> str:
    """Return the path of a user."""
    return f"{COLLECTION_PATH}/{user_id}"
