"""A relay or a retry job whose publishing is tracked, in a process of its own.

`python -m tests.delivery.streams.relay_process URI DATABASE STREAM TAKES PLACE NAME`, as `tests.outbox.relay_process`:
PLACE says where it stops at an event whose data has `hang`: `attempted`, when that is recorded and nothing published;
`published`, before that is recorded; `recorded`, before the event is deleted; `failed`, when that is recorded and
nothing parked. With `plainly` it never stops.
"""

import signal
import sys
from collections.abc import Sequence
from typing import Any

from pymongo import MongoClient

from cqrs.delivery.ledger import Ledger
from cqrs.delivery.outgoing_tracking import OutgoingTracking
from cqrs.delivery.recording import Recording
from cqrs.delivery.subscriptions import Subscriptions
from cqrs.delivery.tracked_publisher import TrackedPublisher
from cqrs.outbox import Outbox, Relay, RetryJob
from cqrs.outbox.publishing import GivingUp
from cqrs.publishers.jetstream.settings import StreamSettings
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Publisher
from cqrs.worker import Work, Worker
from tests.outbox.relay_process import hang_at
from tests.outbox.streamed import Watched, stream_at, streamed
from tests.outbox.tickets import SHORT_LEASES

# What such a place is called by a publisher that is watched there.
INSIDE = {"attempted": "claimed", "published": "published"}
OUTSIDE = {"recorded": "published"}


def main() -> None:
    _, uri, database_name, address, takes, place, name = sys.argv
    database = MongoClient[dict[str, Any]](uri, tz_aware=True)[database_name]
    tracking = tracking_of(Ledger(database), stream_at(address).stream)
    inside = streamed(address)
    outside = Watched(TrackedPublisher(inside, tracking))
    hang_at(INSIDE.get(place, ""), inside)
    hang_at(OUTSIDE.get(place, ""), outside)
    outbox = Outbox(database, settings=SHORT_LEASES)
    work = work_of(takes, outbox, outside, hanging(tracking.failed) if place == "failed" else tracking.failed)
    worker = Worker(name, work, poll_seconds=0.1)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print("started", flush=True)
    worker.run()


def tracking_of(ledger: Ledger, stream: StreamSettings) -> OutgoingTracking:
    return OutgoingTracking(Recording(ledger), Subscriptions(ledger, stream), stream)


def work_of(takes: str, outbox: Outbox, publisher: Publisher, giving_up: GivingUp) -> Work:
    if takes == "fresh":
        return Relay(outbox, publisher, takes="fresh", giving_up=giving_up)
    return RetryJob(outbox, publisher, interval=0.2, giving_up=giving_up)


def hanging(giving_up: GivingUp) -> GivingUp:
    def give_up(events: Sequence[OutgoingEvent]) -> None:
        giving_up(events)
        print("in hand", flush=True)
        sys.stdin.readline()

    return give_up


if __name__ == "__main__":
    main()
