"""A process that listens and writes what it handles into a file, a line each: `python -m … URL STREAM SERVICE FILE`."""

import os
import signal
import sys
import threading

from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from tests.publishers.conftest import settings_of


def main(url: str, stream: str, service: str, file: str) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)

    def handle(event: IncomingEvent) -> None:
        # One write is one line, whoever else writes.
        os.write(descriptor, f"{event.event_id} {os.getpid()}\n".encode())

    listener = Listener(define_listener(service=service, jetstream=settings_of(url, stream), ack_wait=1.0), handle)
    listener.start()
    while not stopping.wait(0.1):
        pass
    listener.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
