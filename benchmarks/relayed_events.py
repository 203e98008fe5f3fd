"""`relayed_events`: how fast a relay publishes what waits in an outbox, beside the same messages without an outbox."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import msgspec
import nats
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.database import Database

from benchmarks.measurement import Measured
from benchmarks.stack import Stack
from cqrs.broker.transaction import transact
from cqrs.outbox import NewEvent, Outbox, Relay
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings, define_jetstream
from infra.stack.stack_env import read_stack_env

MOST_EVENTS = 10_000
FEW_TICKETS = 50
AT_ONE_TIME = 1000
WARM_UP = 200
# The server sets aside so much for each stream, and the stack's own have nearly all of it.
MOST_BYTES = 64 * 1024 * 1024
PATIENCE = 60.0


def relayed_events(stack: Stack, events: int) -> list[Measured]:
    """Publish up to 10,000 events of 50 tickets, and of as many tickets as there are events."""
    addresses = read_stack_env(stack.layout.stack_env)
    count = min(events, MOST_EVENTS)
    return [
        measure(addresses["MONGODB_URI"], addresses["NATS_URL"], events=count, tickets=min(tickets, count))
        for tickets in (FEW_TICKETS, count)
    ]


def measure(mongo_uri: str, nats_url: str, *, events: int, tickets: int) -> Measured:
    """Store the events while nothing relays them, then relay them; then publish as many without an outbox.

    Those go to another stream with the same limits, as many on their way at once as an order by ticket allows.
    """
    with _database(mongo_uri) as database, _stream(nats_url) as settings, _stream(nats_url) as bare:
        outbox = Outbox(database)
        outbox.prepare()
        relay = Relay(outbox, JetStreamPublisher(settings), takes="fresh")
        try:
            # The first call connects and makes the stream.
            _relay(outbox, relay, _events(settings, WARM_UP, WARM_UP))
            seconds = _relay(outbox, relay, _events(settings, events, tickets))
        finally:
            relay.close()
        left = outbox.queue.events.count_documents({})
        in_stream = asyncio.run(_number_in(nats_url, settings)) - WARM_UP
        window = min(settings.window, tickets)
        bare_seconds = asyncio.run(_publish_bare(nats_url, _events(bare, events, tickets), window))
    return Measured(
        name="relayed_events",
        parameters={"events": events, "tickets": tickets, "bare_window": window},
        figures={
            "published_per_second": round(events / seconds, 1),
            "bare_per_second": round(events / bare_seconds, 1),
        },
        wrong=tuple(_wrong(events, left, in_stream)),
    )


def _wrong(events: int, left: int, in_stream: int) -> Iterator[str]:
    if (left, in_stream) != (0, events):
        yield f"relayed_events: of {events} events {left} are left, and {in_stream} in the stream"


@contextmanager
def _database(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database of its own, which is dropped afterwards."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, w="majority", journal=True) as client:
        database = client[f"benchmark_outbox_{uuid4().hex[:8]}"]
        try:
            yield database
        finally:
            client.drop_database(database.name)


@contextmanager
def _stream(nats_url: str) -> Iterator[JetStreamSettings]:
    """The settings of a stream of its own, which is there from the beginning and deleted afterwards."""
    name = f"benchmark_{uuid4().hex[:8]}"
    settings = define_jetstream(url=nats_url, cluster_id=name, subjects=[f"{name}.*"], max_bytes=MOST_BYTES)
    publisher = JetStreamPublisher(settings)
    try:
        publisher.prepare()
    finally:
        publisher.close()
    try:
        yield settings
    finally:
        asyncio.run(_delete(nats_url, name))


def _events(settings: JetStreamSettings, events: int, tickets: int) -> list[NewEvent]:
    names = [uuid4() for _ in range(tickets)]
    return [
        NewEvent(
            subject=f"{settings.stream.name}.{names[number % tickets]}",
            event_type="ticket:updated",
            aggregate_type="ticket",
            aggregate_id=str(names[number % tickets]),
            sequence=number // tickets + 1,
            data={
                "id": str(names[number % tickets]),
                "title": f"Concert {number}",
                "price": "20.00",
                "userId": str(names[0]),
                "version": number // tickets + 1,
            },
        )
        for number in range(events)
    ]


def _relay(outbox: Outbox, relay: Relay, events: list[NewEvent]) -> float:
    """Store the events, then relay them; return the seconds that the relaying took."""
    for start in range(0, len(events), AT_ONE_TIME):
        _store(outbox, events[start : start + AT_ONE_TIME])
    began = time.perf_counter()
    while relay.step():
        pass
    return time.perf_counter() - began


def _store(outbox: Outbox, events: list[NewEvent]) -> None:
    def work(session: ClientSession) -> None:
        outbox.append(session, events)

    transact(outbox.queue.database.client, work)


async def _publish_bare(nats_url: str, events: list[NewEvent], window: int) -> float:
    """Publish what the driver is given, so many on their way at once; return the seconds until all are acknowledged."""
    client = await nats.connect(nats_url)
    jetstream = client.jetstream(publish_async_max_pending=window)
    messages = [(event.subject, msgspec.json.encode(event.data), {"Nats-Msg-Id": uuid4().hex}) for event in events]
    began = time.perf_counter()
    acknowledged = [
        await jetstream.publish_async(subject, data, headers=headers) for subject, data, headers in messages
    ]
    await asyncio.wait_for(asyncio.gather(*acknowledged), PATIENCE)
    seconds = time.perf_counter() - began
    await client.close()
    return seconds


async def _number_in(nats_url: str, settings: JetStreamSettings) -> int:
    client = await nats.connect(nats_url)
    info = await client.jetstream().stream_info(settings.stream.name)
    await client.close()
    return info.state.messages


async def _delete(nats_url: str, stream: str) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().delete_stream(stream)
    await client.close()
