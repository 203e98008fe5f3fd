"""Records that are saved with their events."""

from typing import Any

import msgspec
from pymongo import InsertOne
from pymongo.client_session import ClientSession

from cqrs.outbox import NewEvent, Outbox, OutboxSettings
from cqrs.retry import RetryPolicy

# Due again at once: the pause of a policy is a tenth of a second at least.
AT_ONCE = OutboxSettings(retry=RetryPolicy(max_attempts=3, base=0.1, cap=0.1, jitter=0.0))
# Who is killed is soon replaced.
SHORT_LEASES = msgspec.structs.replace(AT_ONCE, lease=1.0)
AT_ONE_TIME = 1000


def event_of(ticket: str, sequence: int, **changes: Any) -> NewEvent:
    return NewEvent(
        **{
            "subject": f"tickets.{ticket}",
            "event_type": "ticket:created" if sequence == 1 else "ticket:updated",
            "aggregate_type": "ticket",
            "aggregate_id": ticket,
            "sequence": sequence,
            "data": {"title": "$title", "version": sequence},
            **changes,
        }
    )


def key_of(ticket: str) -> str:
    return f"ticket:{ticket}"


class Tickets:
    """Saves tickets in the database of the outbox."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.records = outbox.queue.database["tickets"]
        self._client = outbox.queue.database.client

    def save(self, *events: NewEvent) -> None:
        """Save the versions that the events tell of, and the events, in one transaction."""

        def work(session: ClientSession) -> None:
            self._outbox.append(session, events)
            self.records.bulk_write(
                [InsertOne({"ticket": event.aggregate_id, "version": event.sequence}) for event in events],
                session=session,
            )

        with self._client.start_session() as session:
            session.with_transaction(work)

    def save_many(self, tickets: int, versions: int) -> None:
        """Save so many versions of so many tickets, `0`, `1`, …"""
        events = [event_of(str(ticket), version + 1) for version in range(versions) for ticket in range(tickets)]
        for start in range(0, len(events), AT_ONE_TIME):
            self.save(*events[start : start + AT_ONE_TIME])

    @property
    def are_published(self) -> bool:
        """Whether no event waits any more."""
        return self._outbox.queue.events.find_one({}, {"_id": 1}) is None

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """The stored events in their order."""
        return list(self._outbox.queue.events.find().sort([("orderingKey", 1), ("aggregate.sequence", 1)]))
