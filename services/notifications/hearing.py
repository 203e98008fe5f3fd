"""Hearing of alerts: the messages on the topic are kept as alerts, in the transaction that moves the group on."""

from collections.abc import Sequence

from pymongo.client_session import ClientSession

from cqrs.broker import ConsumerRecord
from services.notifications.alert_outbox import AlertOutbox
from services.notifications.broker_client.consumers import alerts_consumer_value


class Hearing:
    """Keeps what is heard in `outbox`, many at once: a transaction costs far more than an alert in it."""

    def __init__(self, outbox: AlertOutbox) -> None:
        self._outbox = outbox

    def keep(self, records: Sequence[ConsumerRecord], session: ClientSession) -> None:
        """Keep the alerts of messages; one that is heard of again changes nothing. Raises AlertContradicted."""
        self._outbox.keep_all([alerts_consumer_value(record) for record in records], session)
