"""What a relay publishes is measured on a real replica set and a real NATS, and nothing of it stays behind."""

import os

from pymongo import MongoClient

from benchmarks.relayed_events import measure
from tests.publishers.stream_view import StreamView


def test_waiting_events_are_all_published_and_nothing_stays_behind() -> None:
    measured = measure(os.environ["MONGODB_URI"], os.environ["NATS_URL"], events=120, tickets=12)

    with MongoClient[dict[str, object]](os.environ["MONGODB_URI"]) as client:
        databases = [name for name in client.list_database_names() if name.startswith("benchmark_outbox_")]
    view = StreamView(os.environ["NATS_URL"])
    streams = [name for name in view.ask("STREAM.NAMES")["streams"] or () if name.startswith("benchmark_")]
    view.close()
    assert measured.wrong == ()
    assert measured.parameters == {"events": 120, "tickets": 12, "bare_window": 12}
    assert all(float(figure) > 0 for figure in measured.figures.values())
    assert (databases, streams) == ([], [])
