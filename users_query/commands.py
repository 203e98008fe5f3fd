"""What the process asks of the read side."""

from datetime import datetime
from uuid import UUID

from cqrs.messages import Command
from users_command.events import Profile


class StoreUserDocument(Command, frozen=True, kw_only=True):
    """Hold the user as it is at `version`, unless something newer is held already."""

    user_id: UUID
    version: int
    seed: str
    app_id: str
    profile: Profile
    created_at: datetime
    updated_at: datetime


class RemoveUserDocument(Command, frozen=True, kw_only=True):
    """Leave a tombstone of `version` in the user's place, unless something newer is held already."""

    user_id: UUID
    version: int
