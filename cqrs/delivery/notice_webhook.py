"""Telling of completion rates by a webhook."""

import msgspec

from cqrs.delivery.notices import Kind, Notice
from cqrs.webhooks.client import REFUSALS, WebhookClient, WebhookSettings
from cqrs.webhooks.errors import MessageRefused

TYPES: dict[Kind, str] = {"alarm": "delivery.rate_below_threshold", "recovery": "delivery.rate_recovered"}
USER_AGENT = "cqrs-delivery"


class NoticeWebhook:
    """Posts `{type, timestamp, data}` for each notice, as Standard Webhooks has it. For any thread.

    `webhook-id` is the same at every attempt for one notice.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self._client = WebhookClient(settings, user_agent=USER_AGENT, connections=1)

    def __call__(self, notice: Notice) -> None:
        """Return when the receiver has taken it. Raises Undelivered, MessageRefused."""
        body = msgspec.json.encode({"type": TYPES[notice.kind], "timestamp": notice.end, "data": notice})
        status = self._client.send("POST", message_id=notice.id, body=body)
        if status in REFUSALS:
            raise MessageRefused(status)
