"""A stream of the test's own on the NATS of the tests, and servers of its own for tests that break them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor
from cqrs.publishers.jetstream.letter_box import LetterBox
from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import ListenerSettings, define_listener
from cqrs.publishers.jetstream.publisher import JetStreamPublisher
from cqrs.publishers.jetstream.settings import JetStreamSettings, define_jetstream
from cqrs.retry import RetryPolicy
from tests.publishers.nats_server import NatsServer
from tests.publishers.stream_view import StreamView

NewPublisher = Callable[..., JetStreamPublisher]
Listen = Callable[..., Listener]
# Three attempts, a tenth of a second apart.
QUICK = RetryPolicy(max_attempts=3, base=0.1, cap=0.1, jitter=0)


def settings_of(url: str, stream: str, **others: Any) -> JetStreamSettings:
    """Return settings of a small stream for subjects `things.*`, made apart from others by its name."""
    return define_jetstream(
        url=url, cluster_id=stream, **{"subjects": [f"{stream}.*"], "max_bytes": 10_000_000, **others}
    )


@pytest.fixture
def view() -> Iterator[StreamView]:
    """Looks at the NATS of the tests."""
    view = StreamView(os.environ["NATS_URL"])
    yield view
    view.close()


@pytest.fixture
def stream(view: StreamView) -> Iterator[str]:
    """The name of a stream that is not there yet and that nobody else has; its subjects begin with it."""
    name = f"test_{uuid4().hex[:12]}"
    yield name
    view.delete(name, f"dlq_{name}")


@pytest.fixture
def settings(stream: str) -> JetStreamSettings:
    """The settings of that stream."""
    return settings_of(os.environ["NATS_URL"], stream)


@pytest.fixture
def new_publisher() -> Iterator[NewPublisher]:
    """Makes publishers, which are closed in the end."""
    opened: list[JetStreamPublisher] = []

    def new(settings: JetStreamSettings) -> JetStreamPublisher:
        opened.append(JetStreamPublisher(settings))
        return opened[-1]

    yield new
    for publisher in opened:
        publisher.close()


@pytest.fixture
def publisher(settings: JetStreamSettings, new_publisher: NewPublisher) -> JetStreamPublisher:
    """A publisher to the stream of the test."""
    return new_publisher(settings)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS of the test's own, at work."""
    server = NatsServer(tmp_path / "nats").start().wait_until_ready()
    yield server
    server.stop()


@pytest.fixture
def own_view(server: NatsServer) -> Iterator[StreamView]:
    """Looks at the NATS of the test's own."""
    view = StreamView(server.url)
    yield view
    view.close()


@pytest.fixture
def listener_settings(settings: JetStreamSettings, view: StreamView) -> Iterator[ListenerSettings]:
    """The settings of a service that gives up after three attempts."""
    listening = define_listener(service="orders", jetstream=settings, policy=QUICK, ack_wait=1.0)
    yield listening
    view.delete(listening.letters.name)


@pytest.fixture
def box(listener_settings: ListenerSettings) -> Iterator[LetterBox]:
    """The dead letters of the service."""
    box = LetterBox(listener_settings)
    yield box
    box.close()


@pytest.fixture
def listen(listener_settings: ListenerSettings) -> Iterator[Listen]:
    """Starts listeners, which are stopped in the end."""
    started: list[Listener] = []

    def start(handler: Callable[[IncomingEvent], None], *interceptors: ListenerInterceptor) -> Listener:
        listener = Listener(listener_settings, handler, interceptors)
        started.append(listener)
        listener.start()
        return listener

    yield start
    for listener in started:
        listener.stop()
