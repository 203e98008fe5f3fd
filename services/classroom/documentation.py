"""What Swagger UI says about enrolments."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import Reply, operation
from services.classroom.enrolment import Enrolment
from services.classroom.parameters import EnrolmentParameters

TAG = "Classroom (MongoDB and the broker)"
ENROLMENT: dict[str, Any] = {
    "id": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    "student": "customer-1",
    "course": {"id": "product-1", "title": "Algebra", "slug": "algebra"},
    "enrolledAt": "2026-11-21T14:10:52.161Z",
}


class Enrolments(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[Enrolment]
    next_cursor: str | None


LIST_ENROLMENTS = operation(
    tag=TAG,
    summary="List enrolments",
    description="The enrolments of a student, newest first. `nextCursor`, given as `cursor` with the same student, "
    "leads on. A purchase is enrolled a moment after it was taken in.",
    query=EnrolmentParameters,
    replies={200: Reply(Enrolments, "A page")},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "A page that is not the last",
            {"items": [ENROLMENT], "nextCursor": "3q2-7wAAAAA"},
            response_only=True,
            status_codes=["200"],
        )
    ],
)
