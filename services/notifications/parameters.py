"""What the list of alerts takes in the query string."""

from uuid import UUID

import msgspec

from cqrs.web.cursor import CursorText, Limit
from services.notifications.notification import State


class AlertParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which alerts, by the state of their delivery and by sensor, and which page of them."""

    state: State | None = None
    sensor_id: UUID | None = None
    limit: Limit = 10
    cursor: CursorText | None = None
