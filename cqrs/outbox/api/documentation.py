"""What Swagger UI says about failed events."""

from cqrs.outbox.api.parameters import FailedEvents, FailedEventsParameters
from cqrs.outbox.stored import StoredEvent
from cqrs.web.openapi import Reply, operation

TAG = "Outboxes (MongoDB)"

LIST_FAILED_EVENTS = operation(
    tag=TAG,
    summary="List failed events",
    description=(
        "The events that were given up, in the order of their ids; with `failing=true` also those that have failed and "
        "will be tried again. `nextCursor`, given as `cursor` with the same other parameters, leads on."
    ),
    query=FailedEventsParameters,
    replies={200: Reply(FailedEvents, "A page")},
    problems=(400, 404, 503),
)
SHOW_WAITING_EVENT = operation(
    tag=TAG,
    summary="Show waiting event",
    description="An event that is not published yet, with its failures and without its data.",
    replies={200: Reply(StoredEvent, "The event")},
    problems=(404, 503),
)
RETRY_EVENT = operation(
    tag=TAG,
    summary="Retry event",
    description="Has an event that was parked, or waits for its next attempt, published; those behind it follow.",
    replies={204: Reply(None, "It is tried again at once")},
    problems=(404, 409, 503),
)
DISCARD_EVENT = operation(
    tag=TAG,
    summary="Discard event",
    description="Deletes an event that was parked, or waits for its next attempt: it is never published.",
    replies={204: Reply(None, "It is gone")},
    problems=(404, 409, 503),
)
