"""The messages that flow through an application, and how an event looks once the log has recorded it.

Messages are frozen, keyword-only structs of plain types. Wire names are explicit and permanent: a published event is
never edited, it gets a new version and an upcaster (see `cqrs.upcasting`).
"""

from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

import msgspec

from cqrs.context import Context


class Command(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that should happen, named in the imperative. It may be refused."""


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A question. Answering it changes nothing."""


class Event(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Something that has happened, named in the past tense. It cannot be refused any more."""

    wire_name: ClassVar[str] = ""


M_co = TypeVar("M_co", covariant=True)


class Envelope(msgspec.Struct, Generic[M_co], frozen=True):
    """A message together with the context of the work that it belongs to."""

    message: M_co
    context: Context


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the log holds it: its position, its metadata and its data, still encoded.

    `data` is JSON text. It is decoded where a failure to do so can be held against this record alone.
    `version` is the aggregate's version after a state event; `confirms` is the version that a confirmation names.
    Exactly one of the two is set. `position` grows with every event of one aggregate.
    """

    position: int
    event_id: UUID
    name: str
    stage: str
    aggregate_type: str
    aggregate_id: UUID
    version: int | None
    confirms: int | None
    app_id: str
    seed: str | None
    causation_id: UUID | None
    traceparent: str | None
    recorded_at: datetime
    data: str
