"""What Swagger UI says about delivery tracking."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from cqrs.delivery.message_format import OPTIONS
from cqrs.web.openapi import IDEMPOTENCY_KEY, REPLAYED, Reply, operation
from services.delivery.demo import DemoBehaviour
from services.delivery.missed_mail import RetriedMail
from services.delivery.options import MOST_CHARACTERS
from services.delivery.parameters import Filters, PageOfFiltered
from services.delivery.rules import DeliveryRules
from services.delivery.shown import DeliverySummary, DeliveryWindows, MissedDeliveries
from services.delivery.user import DemoUser
from services.delivery.users import PublishedUser

TAG = "Delivery (MongoDB and the broker)"
USER: dict[str, Any] = {
    "userId": "ef0df7a5-4c94-49df-926d-ac22380f8f91",
    "name": "Zakk Wylde",
    "age": 18,
    "gender": "male",
}
TRACE = "7ac5a053-ce16-4f10-8cac-519a381fc5f9"
EVENT = "8d68024a-fad3-489b-8a23-d49a3190c27a"
PUBLISHED: dict[str, Any] = {
    "payload": USER,
    "traceID": TRACE,
    "metadata": {"Cloud-Trace-Context": f"{TRACE}/255;o=1", "Options": "{}", "eventID": EVENT},
}
NUMBERS: dict[str, Any] = {"events": 2, "failed": 0, "expected": 4, "received": 3, "missed": 1, "rate": 0.75}
WINDOW: dict[str, Any] = {
    "topic": "create-user",
    **NUMBERS,
    "start": "2026-11-21T14:10:50.000Z",
    "end": "2026-11-21T14:11:00.000Z",
    "late": False,
    "subscriptions": [],
}
MISSING: dict[str, Any] = {
    "topic": "create-user",
    "subscription": "mailing",
    "eventID": EVENT,
    "traceID": TRACE,
    "publishedAt": "2026-11-21T14:10:52.123Z",
    "window": "2026-11-21T14:10:50.000Z",
}
RULES: dict[str, Any] = {
    "tracked": True,
    "windowSeconds": 10.0,
    "graceSeconds": 5.0,
    "threshold": 1.0,
    "thresholds": {"orders": 0.99},
}
BEHAVIOUR: dict[str, Any] = {"behaviour": "fail"}
OPTIONS_HEADER = OpenApiParameter(
    OPTIONS,
    str,
    OpenApiParameter.HEADER,
    description=f"JSON that goes with the message, at most {MOST_CHARACTERS} ASCII characters; `{{}}` without it.",
)


def _answered(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])


PUBLISH_USER = operation(
    tag=TAG,
    summary="Publish user",
    description="Publishes a user to the topic `create-user`; somebody, where there is no body. The trace is that of "
    "`Cloud-Trace-Context` or `traceparent`, or a new one.",
    body={"application/json": DemoUser},
    replies={201: Reply(PublishedUser, "Published", headers=(REPLAYED,))},
    problems=(400, 411, 413, 415, 422, 503),
    headers=(IDEMPOTENCY_KEY, OPTIONS_HEADER),
    examples=[OpenApiExample("Somebody", USER, request_only=True), _answered("Published", PUBLISHED, 201)],
)
LIST_WINDOWS = operation(
    tag=TAG,
    summary="List delivery windows",
    description="Topics by windows of time, newest first. With `subscription` the numbers are those of that one. "
    "`nextCursor`, given as `cursor` with the same other parameters, leads on.",
    query=PageOfFiltered,
    replies={200: Reply(DeliveryWindows, "A page")},
    problems=(400, 503),
    examples=[_answered("The only page", {"items": [WINDOW], "nextCursor": None})],
)
SUM_UP = operation(
    tag=TAG,
    summary="Sum up deliveries",
    description="The sums of the windows, of all topics and of each.",
    query=Filters,
    replies={200: Reply(DeliverySummary, "The sums")},
    problems=(400, 503),
    examples=[_answered("One topic", {**NUMBERS, "topics": [{"topic": "create-user", **NUMBERS}]})],
)
LIST_MISSED = operation(
    tag=TAG,
    summary="List missed deliveries",
    description="Deliveries of counted windows that have not been received, those of the newest window first.",
    query=PageOfFiltered,
    replies={200: Reply(MissedDeliveries, "A page")},
    problems=(400, 503),
    examples=[_answered("The only page", {"items": [MISSING], "nextCursor": None})],
)
SHOW_RULES = operation(
    tag=TAG,
    summary="Show delivery rules",
    description="Whether messages are tracked here, how long windows are, how many seconds after its end a window is "
    "counted, and the rate below which there is an alarm: that of `thresholds` for its topics, else `threshold`.",
    replies={200: Reply(DeliveryRules, "The rules")},
    problems=(),
    examples=[_answered("Orders may miss some", RULES)],
)
SET_DEMO = operation(
    tag=TAG,
    summary="Set demo behaviour",
    description="Has the subscription `mailing` receive what comes (`receive`), fail (`fail`), or take 20 seconds for "
    "each message (`slow`).",
    body={"application/json": DemoBehaviour},
    replies={204: Reply(None, "Set, for all instances")},
    problems=(400, 411, 413, 415, 503),
    examples=[OpenApiExample("Fail", BEHAVIOUR, request_only=True)],
)
SHOW_DEMO = operation(
    tag=TAG,
    summary="Show demo behaviour",
    description="How the subscription `mailing` behaves now.",
    replies={200: Reply(DemoBehaviour, "The behaviour")},
    problems=(503,),
    examples=[_answered("Failing", BEHAVIOUR)],
)
RETRY_DEMO = operation(
    tag=TAG,
    summary="Retry demo letters",
    description="Has the subscription `mailing` handle once more what it has failed to: what it receives now revises "
    "the windows that were counted without it.",
    replies={202: Reply(RetriedMail, "They are handled in a moment")},
    problems=(503,),
    examples=[_answered("Two", {"retried": 2}, 202)],
)
