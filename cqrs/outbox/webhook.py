"""Telling of parked events by a webhook."""

import msgspec

from cqrs.outbox.notices import Notice
from cqrs.webhooks.client import REFUSALS, WebhookClient, WebhookSettings
from cqrs.webhooks.errors import MessageRefused

TYPE = "outbox.event_parked"
USER_AGENT = "cqrs-outbox"


class ParkedEventWebhook:
    """Posts `{type, timestamp, data}` for each notice, as Standard Webhooks has it; `Notices` calls it. For any thread.

    `webhook-id` is the same at every attempt for one parking of an event.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        self._client = WebhookClient(settings, user_agent=USER_AGENT, connections=1)

    def __call__(self, notice: Notice) -> None:
        """Return when the receiver has taken it. Raises Undelivered, MessageRefused."""
        body = msgspec.json.encode({"type": TYPE, "timestamp": notice.parked_at, "data": notice})
        message_id = f"{notice.event_id}@{notice.parked_at.timestamp():.3f}"
        status = self._client.send("POST", message_id=message_id, body=body)
        if status in REFUSALS:
            raise MessageRefused(status)
