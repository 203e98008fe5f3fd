"""An event on its way out of the house, as every publisher takes it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class OutgoingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What is published: `data` is any JSON (dict, list, str, int, float, bool, None).

    `event_id` is the same at every repetition, and what consumers tell duplicates by. `subject` says where it goes.
    Events with one `ordering_key` (the aggregate's type and id) are published in the order in which they are given;
    `sequence` is the event's number within it, from 1, or None where there is none. `created_at` is aware.
    """

    event_id: str
    subject: str
    event_type: str
    ordering_key: str
    sequence: int | None = None
    data: Any
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    created_at: datetime
