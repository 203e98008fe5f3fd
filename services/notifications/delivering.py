"""Delivering: each change of the outbox has what is due of its sensor sent to the provider, the oldest first.

The outbox says what is due, the change only that something is. So a notification is sent in its turn whichever change
is handled first, and one that is heard of again was sent already. Between the provider's answer and its note the
process may die: the notification is then sent again under the same key.
"""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cqrs.changefeed import Change, FeedConfig, define_feed
from services.notifications.alert_outbox import NOTIFICATIONS, AlertOutbox
from services.notifications.errors import ProviderLeftAlone, ProviderRefused, ProviderUnavailable
from services.notifications.notification import Notification
from services.notifications.provider import Provider
from services.notifications.turns import Turns

FEED = "notifications-delivery"
# A notification that the provider refuses so often has failed.
MOST_ATTEMPTS = 3
PARALLEL = 16

logger = logging.getLogger(__name__)


class Delivering:
    """Handles the changes of `outbox` by telling `provider`."""

    def __init__(self, outbox: AlertOutbox, provider: Provider) -> None:
        self._outbox = outbox
        self._provider = provider
        self._turns = Turns()

    def feed(self) -> FeedConfig:
        """Return the feed of the outbox. It has one shard, since only one process may send for a sensor."""
        return define_feed(
            name=FEED,
            database=self._outbox.database.name,
            collection=NOTIFICATIONS,
            handler=self.handle,
            # An update makes a failed one pending again.
            operations=("insert", "update"),
            from_beginning=True,
            parallel=PARALLEL,
        )

    def handle(self, change: Change) -> None:
        """Send what is due of the sensor, up to what has changed.

        Raises ProviderUnavailable where that is not possible now: nobody's notification is at fault, or this one is,
        and is counted in the outbox.
        """
        sensor_id = _sensor_of_pending(change.document)
        if sensor_id is None:
            return
        with self._turns.of(str(sensor_id)):
            while (due := self._outbox.oldest_pending(sensor_id)) and due.id <= change.document_id:
                self._send(due)

    def _send(self, due: Notification) -> None:
        try:
            self._provider.tell(due)
        except ProviderLeftAlone:
            raise
        except ProviderUnavailable as error:
            self._outbox.note_outage(due.id, error.reason)
            raise
        except ProviderRefused as error:
            self._refused(due, error)
        else:
            self._outbox.note_sent(due.id)

    def _refused(self, due: Notification, error: ProviderRefused) -> None:
        attempts = due.delivery.attempts + 1
        state = self._outbox.note_refusal(due.id, str(error), attempts=attempts, most=MOST_ATTEMPTS)
        fields = {"notification_id": str(due.id), "status": error.status, "attempts": attempts}
        if state == "failed":
            logger.error("notification failed", extra=fields)
            return
        logger.warning("notification refused, trying again", extra=fields)
        # The feed must not count it: a later change of the sensor may be what this was tried for.
        raise ProviderUnavailable("a notification was refused and is tried again") from error


def _sensor_of_pending(document: Mapping[str, Any] | None) -> UUID | None:
    if document is None or document["delivery"]["state"] != "pending":
        return None
    sensor_id: UUID = document["context"]["context"]["reading"]["sensorId"]
    return sensor_id
