"""What the list of enrolments takes in the query string."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cqrs.web.cursor import CursorText, Limit

Student = Annotated[str, Meta(min_length=1, max_length=100, examples=["customer-1"])]


class EnrolmentParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Whose enrolments, and which page of them."""

    student: Student
    limit: Limit = 10
    cursor: CursorText | None = None
