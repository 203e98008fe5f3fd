"""How a document or a row differs from what the log says it should be. Pure."""

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from cqrs.management.projections import Document, Row


class Kind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    STRAY = "stray"
    STALE = "stale"
    AHEAD = "ahead"
    DIFFERENT = "different"
    TOMBSTONE_MISSING = "tombstone-missing"
    NOT_DELETED = "not-deleted"
    UNREADABLE = "unreadable"
    UNCONFIRMED = "unconfirmed"
    ROW_MISSING = "row-missing"
    ROW_STRAY = "row-stray"
    ROW_DIFFERENT = "row-different"


SENTENCES = {
    Kind.MISSING: "there is no document",
    Kind.STRAY: "there is a document, but the log knows nothing of it",
    Kind.STALE: "the document has version {found}, the log {expected}",
    Kind.AHEAD: "the document has version {found}, which the log does not know; its newest is {expected}",
    Kind.DIFFERENT: "the document differs in {fields}",
    Kind.TOMBSTONE_MISSING: "it is deleted, but there is no tombstone",
    Kind.NOT_DELETED: "it is deleted, but the document is alive",
    Kind.UNREADABLE: "its newest event cannot be read: {cause}",
    Kind.UNCONFIRMED: "versions {versions} are not confirmed as synchronised",
    Kind.ROW_MISSING: "the log knows it, but there is no row",
    Kind.ROW_STRAY: "there is a row, but the log knows nothing of it",
    Kind.ROW_DIFFERENT: "the row differs in {fields} from the newest event",
}


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that is wrong with one aggregate.

    `expected` and `found` are versions; `parked_at` is the position of its first parked event, which may be the reason.
    """

    id: str
    kind: Kind
    expected: Any = None
    found: Any = None
    fields: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    cause: str | None = None
    parked_at: int | None = None

    def sentence(self) -> str:
        """Say it to a person."""
        said = SENTENCES[self.kind].format(
            expected=self.expected,
            found=self.found,
            fields=", ".join(self.fields),
            versions=", ".join(map(str, self.versions)),
            cause=self.cause,
        )
        parked = f" (event {self.parked_at} is parked)" if self.parked_at else ""
        return f"{self.id}: {self.kind}: {said}{parked}"


def compare_document(
    aggregate_id: str, expected: Document, found: Document | None, *, incidental: Collection[str]
) -> Difference | None:
    """Compare a document with the one expected for the newest version that it must have reached."""
    deleted = bool(expected.get("deleted"))
    if found is None:
        return Difference(id=aggregate_id, kind=Kind.TOMBSTONE_MISSING if deleted else Kind.MISSING)
    fields = tuple(differing_fields(expected, found, incidental=incidental))
    if not fields:
        return None
    if deleted and not found.get("deleted"):
        return Difference(id=aggregate_id, kind=Kind.NOT_DELETED)
    if is_version(found) and found["version"] < expected["version"]:
        return Difference(id=aggregate_id, kind=Kind.STALE, expected=expected["version"], found=found["version"])
    return Difference(id=aggregate_id, kind=Kind.DIFFERENT, fields=fields)


def compare_row(aggregate_id: str, expected: Row | None, found: Row | None) -> Difference | None:
    """Compare a row with the one expected after the newest event."""
    if expected is None:
        return None if found is None else Difference(id=aggregate_id, kind=Kind.ROW_STRAY)
    if found is None:
        return Difference(id=aggregate_id, kind=Kind.ROW_MISSING)
    fields = tuple(differing_fields(expected, found))
    return Difference(id=aggregate_id, kind=Kind.ROW_DIFFERENT, fields=fields) if fields else None


def is_version(document: Document) -> bool:
    """Say whether the document carries a version that can be compared."""
    version = document.get("version")
    return isinstance(version, int) and not isinstance(version, bool)


def differing_fields(
    expected: Mapping[str, Any], found: Mapping[str, Any], *, incidental: Collection[str] = (), prefix: str = ""
) -> Iterator[str]:
    """Yield the paths of the values that differ, in order; of incidental fields only the presence counts."""
    for name in sorted({*expected, *found}):
        path = f"{prefix}{name}"
        if (name in expected) != (name in found):
            yield path
        elif path in incidental:
            continue
        elif isinstance(expected[name], Mapping) and isinstance(found[name], Mapping):
            yield from differing_fields(expected[name], found[name], incidental=incidental, prefix=f"{path}.")
        elif expected[name] != found[name]:
            yield path
