"""The projections that an application has, as the commands that need both stores see them.

The composition root registers them by name. What stands here is generic; what is particular to a projection comes as
plain callables. Documents have `_id` (the aggregate's id), `version` (that of the event they were built from) and, as
tombstones, a true `deleted`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cqrs.errors import CqrsError, DuplicateRegistration
from cqrs.eventlog.subscription import Handle
from cqrs.messages import Recorded

Document = Mapping[str, Any]
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Mending:
    """Put `wanted` in the place of `found`, where that is still there; either may be None for nothing."""

    wanted: Document | None
    found: Document | None


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Something that could not be mended, and why."""

    id: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """A collection beside the live one.

    `fill` projects into it and confirms nothing, `fill_and_confirm` also tells the write side. `take_place` makes it
    the live one if what it is given, called at the last moment, does not raise; `drop` ends it, and with it whatever
    `take_place` may still be about to do.
    """

    name: str
    fill: Handle
    fill_and_confirm: Handle
    take_place: Callable[[Callable[[], None]], None]
    drop: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The documents of the read side, and how they should look.

    `page` returns up to so many documents beyond an id, in order; `strangers` those whose id is none of an aggregate;
    `expected` is the document for the state after an event, and raises RecordError where there is none. The values of
    `incidental` fields differ with the time of the write. `mend` raises Unavailable.
    """

    page: Callable[[UUID | None, int], list[Document]]
    strangers: Callable[[], Iterable[Document]]
    find: Callable[[Collection[UUID]], list[Document]]
    expected: Callable[[Recorded], Document]
    incidental: frozenset[str]
    mend: Callable[[Sequence[Mending]], list[Refusal]]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of the write side by id, and how they should look after an event. Tables are flattened into one row."""

    page: Callable[[UUID | None, int], Mapping[UUID, Row]]
    expected: Callable[[Recorded], Row]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """All that there is to know of a projection; `name` is also that of its subscription.

    `handle` projects into the live collection and confirms. `begin` makes a fresh collection with all its indexes,
    named after a stamp; `clear` drops all such collections and returns their names.
    """

    name: str
    aggregate_type: str
    handle: Handle
    begin: Callable[[str], Fresh]
    clear: Callable[[], list[str]]
    documents: Documents
    rows: Rows


class UnknownProjection(CqrsError):
    """No projection of this name is registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no projection {name!r}; known: {', '.join(projection_names()) or 'none'}")


_projections: dict[str, Projection] = {}


def register_projection(projection: Projection) -> None:
    """Let the commands work on this projection. Raises DuplicateRegistration."""
    if projection.name in _projections:
        raise DuplicateRegistration(f"the projection {projection.name!r}")
    _projections[projection.name] = projection


def find_projection(name: str) -> Projection:
    """Return the projection. Raises UnknownProjection."""
    if name not in _projections:
        raise UnknownProjection(name)
    return _projections[name]


def projection_names() -> list[str]:
    """Return the names of all projections, sorted."""
    return sorted(_projections)
