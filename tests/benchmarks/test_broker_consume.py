"""Measuring the consumers: on a real MongoDB, with members that are processes."""

import os

from benchmarks.broker_consume import measure


def test_everything_is_handled_and_every_figure_is_there() -> None:
    measured = measure(os.environ["MONGODB_URI"], 300)

    assert measured.wrong == ()
    assert set(measured.figures) == {
        "backlog_per_second",
        "end_to_end_one_per_second",
        "end_to_end_three_per_second",
        "p50_ms",
        "p99_ms",
    }
    assert all(float(figure) > 0 for figure in measured.figures.values())
