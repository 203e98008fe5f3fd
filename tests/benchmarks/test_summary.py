"""The table says of each figure whether it reaches its target."""

import pytest

from benchmarks.measurement import Measured
from benchmarks.summary import print_summary


@pytest.mark.parametrize(("speed", "verdict"), [(1299.9, "missed"), (1300.0, "reached")])
def test_more_is_better_for_a_speed(capsys: pytest.CaptureFixture[str], speed: float, verdict: str) -> None:
    print_summary([Measured(name="one_by_one", parameters={}, figures={"users_per_second": speed})], "")

    assert verdict in capsys.readouterr().out


@pytest.mark.parametrize(("latency", "verdict"), [(39.9, "reached"), (40.0, "missed")])
def test_less_is_better_for_a_latency(capsys: pytest.CaptureFixture[str], latency: float, verdict: str) -> None:
    print_summary([Measured(name="idle_latency", parameters={}, figures={"observed_p50_ms": latency})], "")

    assert verdict in capsys.readouterr().out


def test_several_runs_are_shown_as_their_median_and_spread(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [Measured(name="bulk", parameters={}, figures={"users_per_second": speed}) for speed in (5.0, 9.0, 6.0)]

    print_summary(runs, "")

    out = capsys.readouterr().out
    assert "6.0 users/s" in out
    assert "5.0 to 9.0" in out
