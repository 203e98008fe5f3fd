"""The provider of notifications: a third party that is told of each alert by `PUT`."""

import msgspec

from cqrs.webhooks.client import REFUSALS, WebhookClient, WebhookSettings
from cqrs.webhooks.errors import Undelivered
from services.notifications.destination_pause import DestinationPause
from services.notifications.errors import ProviderLeftAlone, ProviderRefused, ProviderUnavailable
from services.notifications.notification import Notification

USER_AGENT = "cqrs-notifications"


class ProviderSettings(WebhookSettings, frozen=True, kw_only=True):
    """Where the provider is and how it is talked to."""


class Provider:
    """Tells the provider. For any thread.

    What is sent carries the notification's id as `Idempotency-Key` and `webhook-id`, the same with each attempt.
    """

    def __init__(self, settings: ProviderSettings, *, connections: int = 16) -> None:
        self._client = WebhookClient(settings, user_agent=USER_AGENT, connections=connections)
        self._pause = DestinationPause()

    def tell(self, notification: Notification) -> None:
        """Return when the provider has taken the notification.

        Raises ProviderRefused where it is at fault itself, and ProviderUnavailable where nothing can be told now,
        without asking while the provider wants to be left alone.
        """
        if left := self._pause.left:
            raise ProviderLeftAlone(left)
        body = msgspec.json.encode({"text": notification.text})
        try:
            status = self._client.send("PUT", message_id=str(notification.id), body=body)
        except Undelivered as error:
            self._pause.failed(error.retry_after)
            reason = error.reason if error.status is None else f"the provider answered {error.status}"
            raise ProviderUnavailable(reason, retry_after=error.retry_after) from error
        self._pause.worked()
        if status in REFUSALS:
            raise ProviderRefused(status)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()
