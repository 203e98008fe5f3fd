"""What can be asked of the write side."""

from datetime import datetime
from typing import Any
from uuid import UUID

from cqrs.messages import Command
from users_command.events import Profile


class CreateUser(Command, frozen=True, kw_only=True):
    """Take in a user under a run. The same `profile.login.uuid` under the same seed is the same user."""

    seed: str
    profile: Profile


class UpdateUser(Command, frozen=True, kw_only=True):
    """Apply a merge patch to a user, where its version is one of `allowed_versions` (None: whichever it has)."""

    user_id: UUID
    allowed_versions: frozenset[int] | None
    patch: dict[str, Any]


class DeleteUser(Command, frozen=True, kw_only=True):
    """Remove a user, where its version is one of `allowed_versions` (None: whichever it has)."""

    user_id: UUID
    allowed_versions: frozenset[int] | None


class SynchronizeUser(Command, frozen=True, kw_only=True):
    """Note that the read side holds this version of a user since `synchronized_at`."""

    user_id: UUID
    version: int
    synchronized_at: datetime
