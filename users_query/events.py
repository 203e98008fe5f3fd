"""What has happened on the read side. These events live within one process run and are not logged."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cqrs.messages import Event


class UserDocumentStored(Event, frozen=True, kw_only=True):
    """The read side holds this version of the user, or a newer one, as a document or as a tombstone."""

    wire_name: ClassVar[str] = "users.user_document_stored.v1"

    user_id: UUID
    version: int
    stored_at: datetime
