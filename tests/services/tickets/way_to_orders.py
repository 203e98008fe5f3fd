"""The whole way of tickets' events: outbox, relays that are processes, a stream, and orders, which listen to it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from pymongo import MongoClient
from pymongo.database import Database

from cqrs.outbox import Inbox, NewEvent, Outbox
from cqrs.outbox.inbox import COLLECTION as INBOX
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.testing.waiting import wait_until
from services.orders.ticket_view import CONSUMER, TicketView
from services.orders.ticket_view import TICKETS as KNOWN
from tests.outbox.processes import Start, relay_processes
from tests.outbox.tickets import SHORT_LEASES, Tickets, event_of
from tests.publishers.conftest import settings_of
from tests.publishers.stream_view import StreamView
from tests.services.orders.hearing import data_of

SECONDS = 600.0
AT_ONE_TIME = 1000
# Enough for a handler for each of fifty tickets.
HANDLERS = 50
HANGS = {"hang": True}


class WayToOrders:
    """Tickets that are saved with their events in `database`, whose events go to `stream`, which orders listen to.

    `start` starts a relay or a retry job; `view` looks at the stream without being on the way.
    """

    def __init__(self, database: Database[dict[str, Any]], stream: str, start: Start, view: StreamView) -> None:
        self.database = database
        self.stream = stream
        self.start = start
        self.view = view
        self.outbox = Outbox(database, settings=SHORT_LEASES)
        self._tickets = Tickets(self.outbox)
        self._saved: dict[UUID, int] = {}

    def save(self, versions: Sequence[tuple[UUID, int]], **data: Any) -> None:
        """Save versions of tickets in this order; where `data` is HANGS, whoever is to be killed stops at them."""
        events = [self._event(ticket_id, version, data) for ticket_id, version in versions]
        for start in range(0, len(events), AT_ONE_TIME):
            self._tickets.save(*events[start : start + AT_ONE_TIME])
        self._saved |= dict(versions)

    def require_all_known_once_in_order(self) -> None:
        """Wait for orders; fail unless each version was told once, in order, and nothing is left anywhere."""
        wait_until(lambda: self._known() == self._saved, "orders know all tickets", seconds=SECONDS)
        wait_until(lambda: self._tickets.are_published, "all events are deleted", seconds=SECONDS)
        told: dict[UUID, list[int]] = defaultdict(list)
        for message in self.view.messages(self.stream):
            told[UUID(message.data["id"])].append(message.data["version"])
        assert told == {ticket_id: [*range(1, version + 1)] for ticket_id, version in self._saved.items()}
        assert self.database[INBOX].count_documents({}) == sum(self._saved.values()), "each has had one effect"
        assert self.database[KNOWN].count_documents({"held": {"$ne": []}}) == 0
        assert self.view.messages(f"dlq_{self.stream}_{CONSUMER}") == []

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """The events that are not deleted yet."""
        return self._tickets.waiting

    @property
    def blamed(self) -> list[dict[str, Any]]:
        """Those of them that a failure was counted for."""
        return [event for event in self.waiting if event["failures"]]

    @property
    def number_told(self) -> int:
        """How many messages are in the stream, duplicates included."""
        return int(self.view.state(self.stream)["messages"])

    def _known(self) -> dict[UUID, int]:
        return {known["_id"]: known["version"] for known in self.database[KNOWN].find({}, {"version": 1})}

    def _event(self, ticket_id: UUID, version: int, data: dict[str, Any]) -> NewEvent:
        subject = f"{self.stream}.{ticket_id}"
        return event_of(str(ticket_id), version, subject=subject, data=data_of(ticket_id, version) | data)


@contextmanager
def way_to_orders(mongo_uri: str, nats_url: str, *, by_way_of: str = "", replicas: int = 1) -> Iterator[WayToOrders]:
    """Yield the way, in a database and a stream of its own, which `replicas` servers hold.

    `by_way_of` is the address that relays publish to. Of several servers the last one is looked at.
    """
    name = f"way_{uuid4().hex[:12]}"
    uri_client: MongoClient[dict[str, Any]] = MongoClient(
        mongo_uri, uuidRepresentation="standard", tz_aware=True, w="majority", journal=True
    )
    view = StreamView(nats_url.rpartition(",")[2])
    with uri_client as client, relay_processes(mongo_uri, name, f"{by_way_of or nats_url}/{name}") as start:
        way = WayToOrders(client[name], name, start, view)
        way.outbox.prepare()
        Inbox(way.database).prepare()
        listener = _listener(way, settings_of(nats_url, name, replicas=replicas))
        listener.start()
        try:
            yield way
        finally:
            listener.stop()
            client.drop_database(name)
            view.delete(name, f"dlq_{name}_{CONSUMER}")
            view.close()


def rounds(tickets: int, versions: int) -> list[tuple[UUID, int]]:
    """So many versions of so many new tickets, version after version."""
    ids = [uuid4() for _ in range(tickets)]
    return [(ticket_id, version) for version in range(1, versions + 1) for ticket_id in ids]


def _listener(way: WayToOrders, jetstream: JetStreamSettings) -> Listener:
    settings = define_listener(service=CONSUMER, jetstream=jetstream, handlers=HANDLERS)
    return Listener(settings, TicketView(way.database).hear)
