"""Hearing of alerts: each message on the topic is kept as an alert, in the transaction that moves the group on."""

from pymongo.client_session import ClientSession

from cqrs.broker import ConsumerRecord
from services.notifications.alert_outbox import AlertOutbox
from services.notifications.broker_client.consumers import alerts_consumer_value


class Hearing:
    """Keeps what is heard in `outbox`."""

    def __init__(self, outbox: AlertOutbox) -> None:
        self._outbox = outbox

    def keep(self, record: ConsumerRecord, session: ClientSession) -> None:
        """Keep the alert of a message; one that is heard of again changes nothing. Raises AlertContradicted."""
        self._outbox.keep(alerts_consumer_value(record), session=session)
