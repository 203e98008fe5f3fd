"""The cost of tracking is measured on a real replica set: both sides do the same work, and nothing stays behind."""

import os

from pymongo import MongoClient

from benchmarks.delivery_tracking import measure


def test_tracked_and_untracked_are_measured_and_the_database_is_dropped() -> None:
    measured = measure(os.environ["MONGODB_URI"], 400, size=200)

    with MongoClient[dict[str, object]](os.environ["MONGODB_URI"]) as client:
        left = [name for name in client.list_database_names() if name.startswith("benchmark_broker_")]
    rates = [figure for name, figure in measured.figures.items() if name.endswith("_per_second")]
    assert measured.wrong == ()
    assert len(rates) == 4
    assert all(float(rate) > 0 for rate in rates)
    assert left == []
