"""An enrolment: one for each purchase, under the same id."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cqrs.conversion import converted

Document = dict[str, Any]


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """What a student is enrolled in."""

    id: str
    title: str
    slug: str


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A student in a course."""

    id: UUID
    student: str
    course: Course
    enrolled_at: datetime


def to_document(enrolment: Enrolment) -> Document:
    """Return the enrolment as MongoDB keeps it."""
    fields: Document = msgspec.to_builtins(enrolment, builtin_types=(UUID, datetime))
    return {"_id": fields.pop("id"), **fields}


def from_document(document: Document) -> Enrolment:
    """Return the enrolment of a document."""
    return converted({**document, "id": document["_id"]}, Enrolment)
