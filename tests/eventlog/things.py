"""An aggregate for tests of the log, with nothing behind it: a thing that changes."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID, uuid4

from cqrs.clock import now
from cqrs.context import Context
from cqrs.eventlog.buckets import bucket_of, shard_ranges
from cqrs.eventlog.checkpoint import DEFAULT_SHARDS
from cqrs.eventlog.event_rows import NewEvent
from cqrs.messages import Event, Recorded

THING = "thing"
CONTEXT = Context(app_id="test-1")

# What names an event in assertions: its thing and version.
Place = tuple[UUID, int | None]


class ThingChanged(Event, frozen=True, kw_only=True):
    """A thing is now at `version`."""

    wire_name: ClassVar[str] = "tests.thing_changed.v1"

    thing_id: UUID
    version: int
    note: str = ""


def changed(thing_id: UUID, version: int = 1, note: str = "", *, aggregate_type: str = THING) -> NewEvent:
    """A state event for `append`."""
    return NewEvent(
        event=ThingChanged(thing_id=thing_id, version=version, note=note),
        stage="CHANGED",
        aggregate_type=aggregate_type,
        aggregate_id=thing_id,
        version=version,
        seed="run-1",
        recorded_at=now(),
        context=CONTEXT,
    )


def thing_in_shard(shard: int, shards: int = DEFAULT_SHARDS) -> UUID:
    """A new thing whose bucket lies in this shard."""
    first, last = shard_ranges(shards)[shard]
    while True:
        thing = uuid4()
        if first <= bucket_of(thing) <= last:
            return thing


def place_of(event: Recorded) -> Place:
    """What names this event in assertions."""
    return event.aggregate_id, event.version


class Recorder:
    """A handler that remembers: `batches` as they came, `seen` one after the other."""

    def __init__(self) -> None:
        self.batches: list[list[Recorded]] = []

    def __call__(self, events: Sequence[Recorded]) -> None:
        self.batches.append(list(events))

    @property
    def seen(self) -> list[Place]:
        return [place_of(event) for batch in self.batches for event in batch]
