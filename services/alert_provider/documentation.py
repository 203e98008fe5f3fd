"""What Swagger UI says about the provider."""

from typing import Any, Final

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from cqrs.web.openapi import Reply, operation
from services.alert_provider.behaviour import Behaviour
from services.alert_provider.parameters import TextParameters
from services.alert_provider.text import TakenText, TextIn

TAG = "Alert provider (MongoDB)"
KEY = "0193494e-3b1c-7c5a-8c52-0242ac120002"
TEXT: dict[str, Any] = {
    "text": "The sensor with id: bf951e3e-aefd-4335-a330-5fcca06f100d showed critical value of: 6.2 "
    "at 2022-12-11T14:45:52.022Z"
}
TAKEN: dict[str, Any] = {
    "id": KEY,
    **TEXT,
    "takenAt": "2026-11-21T14:10:52.161Z",
    "received": 1,
    "appId": "instance-2",
}
BEHAVIOUR: dict[str, Any] = {"answer": "busy"}


class TakenTexts(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[TakenText]
    next_cursor: str | None


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True, description=description)


SIGNATURE: Final = (
    _header("Idempotency-Key", "What `webhook-id` says, the same with each attempt."),
    _header("webhook-id", "The id of what is sent."),
    _header("webhook-timestamp", "When it is sent, in seconds since 1970 UTC."),
    _header("webhook-signature", "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64 (Standard Webhooks)."),
)

TAKE_TEXT = operation(
    tag=TAG,
    summary="Take text",
    description="Takes a text that is signed with `EXT_ALERT_PROVIDER_SECRET`, once for each key, and keeps it for a "
    "day. A provider that is told to fail does so here.",
    body={"application/json": TextIn},
    headers=SIGNATURE,
    replies={204: Reply(None, "Taken")},
    problems=(400, 409, 411, 413, 415, 503),
    examples=[OpenApiExample("A critical reading", TEXT, request_only=True)],
)
LIST_TEXTS = operation(
    tag=TAG,
    summary="List texts",
    description="What was taken, newest first. `nextCursor`, given as `cursor`, leads on.",
    query=TextParameters,
    replies={200: Reply(TakenTexts, "A page")},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "A page that is not the last",
            {"items": [TAKEN], "nextCursor": "3q2-7wAAAAA"},
            response_only=True,
            status_codes=["200"],
        )
    ],
)
SET_BEHAVIOUR = operation(
    tag=TAG,
    summary="Set provider behaviour",
    description="Has the provider take what it is sent (`take`) or fail: answer 500 (`error`), 429 with `Retry-After` "
    "(`busy`) or 422 (`refuse`), not answer (`hang`), or close the connection (`close`).",
    body={"application/json": Behaviour},
    replies={204: Reply(None, "Set, for all instances")},
    problems=(400, 411, 413, 415, 503),
    examples=[OpenApiExample("Be busy", BEHAVIOUR, request_only=True)],
)
SHOW_BEHAVIOUR = operation(
    tag=TAG,
    summary="Show provider behaviour",
    description="How the provider behaves now.",
    replies={200: Reply(Behaviour, "The behaviour")},
    problems=(503,),
    examples=[OpenApiExample("Busy", BEHAVIOUR, response_only=True, status_codes=["200"])],
)
