"""What Swagger UI says about failed events."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from cqrs.outbox.api.parameters import FailedEvents, FailedEventsParameters
from cqrs.outbox.stored import StoredEvent
from cqrs.web.openapi import Reply, operation

TAG = "Outboxes (MongoDB)"
EVENT: dict[str, Any] = {
    "eventId": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    "subject": "tickets.0193494e-2a0b-7d11-9f00-0242ac120002",
    "eventType": "ticket:created",
    "aggregateType": "ticket",
    "aggregateId": "0193494e-2a0b-7d11-9f00-0242ac120002",
    "sequence": 1,
    "state": "parked",
    "attempts": 10,
    "failures": [
        {
            "at": "2026-11-21T14:10:52.161Z",
            "error": "the message is larger than the stream takes",
            "type": "too_large",
            "attempt": 10,
            "worker": "relay-1-4711",
        }
    ],
    "lockOwner": None,
    "lockedUntil": "2026-11-21T14:10:52.161Z",
    "nextAttemptAt": None,
    "parkedAt": "2026-11-21T14:10:52.161Z",
    "createdAt": "2026-11-21T14:00:11.004Z",
}

AUTHORIZATION = OpenApiParameter(
    "Authorization", str, OpenApiParameter.HEADER, description="`Bearer` and the operators' token, where one is set."
)

LIST_FAILED_EVENTS = operation(
    tag=TAG,
    summary="List failed events",
    description=(
        "The events that were given up, in the order of their ids; with `failing=true` also those that have failed and "
        "will be tried again. `nextCursor`, given as `cursor` with the same other parameters, leads on."
    ),
    query=FailedEventsParameters,
    replies={200: Reply(FailedEvents, "A page")},
    problems=(400, 401, 404, 503),
    headers=(AUTHORIZATION,),
    examples=[
        OpenApiExample(
            "The only page", {"items": [EVENT], "nextCursor": None}, response_only=True, status_codes=["200"]
        )
    ],
)
SHOW_WAITING_EVENT = operation(
    tag=TAG,
    summary="Show waiting event",
    description="An event that is not published yet, with its failures and without its data.",
    replies={200: Reply(StoredEvent, "The event")},
    problems=(401, 404, 503),
    headers=(AUTHORIZATION,),
    examples=[OpenApiExample("A parked event", EVENT, response_only=True, status_codes=["200"])],
)
RETRY_EVENT = operation(
    tag=TAG,
    summary="Retry event",
    description="Has an event that was parked, or waits for its next attempt, published; those behind it follow.",
    replies={204: Reply(None, "It is tried again at once")},
    problems=(401, 404, 409, 503),
    headers=(AUTHORIZATION,),
)
DISCARD_EVENT = operation(
    tag=TAG,
    summary="Discard event",
    description="Deletes an event that was parked, or waits for its next attempt: it is never published.",
    replies={204: Reply(None, "It is gone")},
    problems=(401, 404, 409, 503),
    headers=(AUTHORIZATION,),
)
