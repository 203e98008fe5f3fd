"""Delivering: each pending notification of the outbox is sent to the provider, those of a sensor in their order.

The change says that there is something to do, the outbox whether it is to be done still: one that is heard of again was
sent already. Between the provider's answer and its note the process may die: the notification is then sent again under
the same key.
"""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cqrs.changefeed import Change, FeedConfig, define_feed
from cqrs.group_commit import GroupCommit
from services.notifications.alert_outbox import NOTIFICATIONS, SENSOR, AlertOutbox
from services.notifications.errors import ProviderLeftAlone, ProviderRefused, ProviderUnavailable
from services.notifications.notification import Notification
from services.notifications.provider import Provider

FEED = "notifications-by-sensor"
# A notification that the provider refuses so often has failed.
MOST_ATTEMPTS = 3
SHARDS = 4
PARALLEL = 16

logger = logging.getLogger(__name__)


class Delivering:
    """Handles the changes of `outbox` by telling `provider`."""

    def __init__(self, outbox: AlertOutbox, provider: Provider) -> None:
        self._outbox = outbox
        self._provider = provider
        # Those that are sent side by side are looked up and noted together: a write costs more than sending.
        self._pending = GroupCommit[UUID, Notification | None](outbox.pending)
        self._sent = GroupCommit[UUID, None](outbox.note_sent)

    def feed(self) -> FeedConfig:
        """Return the feed of the outbox, in which one notification of a sensor is handled at a time, in order."""
        return define_feed(
            name=FEED,
            database=self._outbox.database.name,
            collection=NOTIFICATIONS,
            handler=self.handle,
            # An update makes a failed one pending again.
            operations=("insert", "update"),
            from_beginning=True,
            ordered_by=SENSOR,
            shards=SHARDS,
            parallel=PARALLEL,
        )

    def handle(self, change: Change) -> None:
        """Send the notification that has changed, if it is pending still.

        Raises ProviderUnavailable where that is not possible now: nobody's notification is at fault, or this one is,
        and is counted in the outbox. The sensor's later ones wait meanwhile.
        """
        if not _was_pending(change.document):
            return
        due = self._pending.submit(change.document_id)
        if due is not None:
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
            self._sent.submit(due.id)

    def _refused(self, due: Notification, error: ProviderRefused) -> None:
        attempts = due.delivery.attempts + 1
        state = self._outbox.note_refusal(due.id, str(error), attempts=attempts, most=MOST_ATTEMPTS)
        fields = {"notification_id": str(due.id), "status": error.status, "attempts": attempts}
        if state == "failed":
            logger.error("notification failed", extra=fields)
            return
        logger.warning("notification refused, trying again", extra=fields)
        # Counted here, where an operator sees it and a retry begins anew; for the feed it is something to wait for.
        raise ProviderUnavailable("a notification was refused and is tried again") from error


def _was_pending(document: Mapping[str, Any] | None) -> bool:
    return document is not None and document["delivery"]["state"] == "pending"
