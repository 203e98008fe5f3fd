"""How a document looks over HTTP: as it is stored, with its id under the usual name."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from users_command.events import Identity, Location, Login, Name, Picture

Document = dict[str, Any]


class Day(msgspec.Struct, kw_only=True):
    """`dob` and `registered`."""

    date: datetime


class QueryUser(msgspec.Struct, kw_only=True, rename="camel"):
    """A user on the read side. What is unknown is left out."""

    id: UUID
    email: str
    current_status: str
    version: int
    seed: str
    app_id: str
    created_at: datetime
    updated_at: datetime
    synchronized_at: datetime
    gender: str | None = None
    nat: str | None = None
    name: Name | None = None
    location: Location | None = None
    identity: Identity | None = None
    login: Login | None = None
    dob: Day | None = None
    registered: Day | None = None
    phone: str | None = None
    cell: str | None = None
    picture: Picture | None = None


class QueryUsers(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[QueryUser]
    next_cursor: str | None


def represent(document: Document) -> Document:
    """Return what is answered for a stored document."""
    return {"id": document.pop("_id"), **document}
