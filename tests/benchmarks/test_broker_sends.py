"""The broker's sends are measured on a real replica set, and nothing of the measurement stays behind."""

import os

from pymongo import MongoClient

from benchmarks.broker_sends import measure


def test_all_ways_of_sending_are_measured_and_the_database_is_dropped() -> None:
    measured = measure(os.environ["MONGODB_URI"], 64)

    with MongoClient[dict[str, object]](os.environ["MONGODB_URI"]) as client:
        left = [name for name in client.list_database_names() if name.startswith("benchmark_broker_")]
    assert measured.wrong == ()
    assert all(float(figure) > 0 for figure in measured.figures.values())
    assert len(measured.figures) == 4
    assert left == []
