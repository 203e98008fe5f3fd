"""Who has received what."""

from cqrs.delivery.ledger import RECEIVED_RECORDS, Ledger


def receivers(ledger: Ledger, event: str) -> set[str]:
    """The subscriptions that have received an event."""
    return set(ledger.collection(RECEIVED_RECORDS).distinct("subscription", {"eventID": event}))
