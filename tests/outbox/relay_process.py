"""A relay or a retry job in a process of its own.

`python -m tests.outbox.relay_process URI DATABASE STREAM TAKES MODE NAME`. It publishes to STREAM, an address of NATS
with the stream's name as its path, or where that is empty to the collection of `tests.outbox.destination`. MODE says
where it stops at an event whose data has `hang`: `claimed`, before it is published; `published`, before it is deleted;
`deleted`, after that; it prints `in hand` there and waits for a line. With `plainly` it never stops, and with `skewed`
its clocks are an hour ahead. It prints `started`, and ends on SIGTERM.
"""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from pymongo import MongoClient

from cqrs import clock
from cqrs.outbox import Outbox, Relay, RetryJob
from cqrs.outbox.settling import Settling
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.worker import Work, Worker
from tests.outbox.destination import Destination
from tests.outbox.streamed import Watched, streamed
from tests.outbox.tickets import SHORT_LEASES

HOUR = 3600.0


def main() -> None:
    _, uri, database_name, stream, takes, mode, name = sys.argv
    if mode == "skewed":
        set_clocks_ahead()
    database = MongoClient[dict[str, Any]](uri, tz_aware=True)[database_name]
    outbox = Outbox(database, settings=SHORT_LEASES)
    destination = streamed(stream) if stream else Destination(database, by=name)
    hang_at(mode, destination)
    worker = Worker(name, work_of(takes, outbox, destination, name), poll_seconds=0.1)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print("started", flush=True)
    worker.run()


def work_of(takes: str, outbox: Outbox, destination: Destination | Watched, name: str) -> Work:
    if takes == "fresh":
        return Relay(outbox, destination, takes="fresh", worker=name)
    return RetryJob(outbox, destination, interval=0.2, worker=name)


def hang_at(mode: str, destination: Destination | Watched) -> None:
    in_hand: list[OutgoingEvent] = []

    def notice(events: Sequence[OutgoingEvent]) -> None:
        in_hand.extend(event for event in events if "hang" in event.data)

    def hang() -> None:
        if in_hand:
            in_hand.clear()
            print("in hand", flush=True)
            sys.stdin.readline()

    def notice_and_hang(events: Sequence[OutgoingEvent]) -> None:
        notice(events)
        hang()

    if mode == "claimed":
        destination.before = notice_and_hang
    elif mode == "published":
        destination.after = notice_and_hang
    elif mode == "deleted":
        destination.after = notice
        hang_after_deleting(hang)


def hang_after_deleting(hang: Callable[[], None]) -> None:
    delete = Settling.delete

    def delete_and_hang(settling: Settling, event_ids: Sequence[str], token: str) -> None:
        delete(settling, event_ids, token)
        hang()

    Settling.delete = delete_and_hang  # type: ignore[assignment, method-assign]  # a place to be killed at


def set_clocks_ahead() -> None:
    real_time, real_now = time.time, clock.now
    time.time = lambda: real_time() + HOUR
    clock.now = lambda: real_now() + timedelta(seconds=HOUR)


if __name__ == "__main__":
    main()
