"""A tracked stream of the test's own on the NATS of the tests."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from cqrs.delivery.ledger import Ledger
from tests.delivery.streams.tracked_stream import TrackedStream
from tests.publishers.conftest import settings_of, view
from tests.publishers.stream_view import StreamView

__all__ = ["stream", "view"]


@pytest.fixture
def stream(ledger: Ledger, view: StreamView) -> Iterator[TrackedStream]:
    """The stream, without services."""
    name = f"tracked_{uuid4().hex[:12]}"
    stream = TrackedStream(ledger, settings_of(os.environ["NATS_URL"], name))
    yield stream
    stream.close()
    view.delete(name, *(f"dlq_{name}_{one.name}" for one in stream.subscriptions.all()))
