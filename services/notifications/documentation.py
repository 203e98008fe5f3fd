"""What Swagger UI says about alerts."""

from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import Reply, operation
from services.notifications.broker_client import SensorAlertPayload
from services.notifications.notification import Notification
from services.notifications.parameters import AlertParameters

TAG = "Notifications (MongoDB and the broker)"
ALERT: dict[str, Any] = {
    "type": "sensor",
    "context": {
        "reading": {"sensorId": "a6620c91-c855-4a16-a9a2-779861f93714", "time": 1670682969883, "value": 6.2},
        "validRange": {"from": 5, "to": 6},
    },
}
NOTIFICATION: dict[str, Any] = {
    "id": "0193494e-3b1c-7c5a-8c52-0242ac120002",
    "type": "alert",
    "context": ALERT,
    "createdAt": "2026-11-21T14:10:52.123Z",
    "updatedAt": "2026-11-21T14:10:52.161Z",
    "delivery": {"state": "sent", "attempts": 0, "lastError": None},
}


class Notifications(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[Notification]
    next_cursor: str | None


KEEP_ALERT = operation(
    tag=TAG,
    summary="Keep alert",
    description="Keeps an alert, once for each reading, and delivers it to the provider a moment later.",
    body={"application/json": SensorAlertPayload},
    replies={204: Reply(None, "Kept")},
    problems=(400, 409, 411, 413, 415, 503),
    examples=[OpenApiExample("A critical reading", ALERT, request_only=True)],
)
LIST_ALERTS = operation(
    tag=TAG,
    summary="List alerts",
    description="The alerts, newest first. `nextCursor`, given as `cursor` with the same other parameters, leads on.",
    query=AlertParameters,
    replies={200: Reply(Notifications, "A page")},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "A page that is not the last",
            {"items": [NOTIFICATION], "nextCursor": "3q2-7wAAAAA"},
            response_only=True,
            status_codes=["200"],
        )
    ],
)
FIND_ALERT = operation(
    tag=TAG,
    summary="Find alert",
    replies={200: Reply(Notification, "The alert")},
    problems=(404, 503),
    examples=[OpenApiExample("One that was delivered", NOTIFICATION, response_only=True, status_codes=["200"])],
)
RETRY_ALERT = operation(
    tag=TAG,
    summary="Retry alert",
    description="Delivers an alert after all that the provider has refused too often. Takes no body.",
    replies={204: Reply(None, "It is delivered a moment later")},
    problems=(404, 409, 503),
)
