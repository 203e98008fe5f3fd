"""A process serves its own metrics on loopback; what is not known is not there."""

from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Gauge

from cqrs.web.metrics import register_gauge, serve_metrics


def scrape(registry: CollectorRegistry) -> str:
    port = serve_metrics(0, registry=registry)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def test_a_gauge_is_read_when_it_is_asked_for() -> None:
    registry = CollectorRegistry()
    lag = iter([1.0, 2.0])
    register_gauge("lag_seconds", "Lag.", lambda: next(lag), registry=registry)
    register_gauge(
        "events", "Events.", lambda: {("a", "1"): 3, ("b", "2"): 4}, labels=("app_id", "shard"), registry=registry
    )

    first, second = scrape(registry), scrape(registry)

    assert "lag_seconds 1.0" in first
    assert 'events{app_id="a",shard="1"} 3.0' in first
    assert "lag_seconds 2.0" in second


def test_what_is_unknown_or_unreadable_is_absent_and_hides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    registry = CollectorRegistry()
    register_gauge("unknown_seconds", "Unknown.", lambda: None, registry=registry)
    register_gauge("broken_seconds", "Broken.", lambda: 1 / 0, registry=registry)
    Gauge("known", "Known.", registry=registry).set(5)

    page = scrape(registry)

    samples = [line for line in page.splitlines() if not line.startswith("#")]
    assert samples == ["known 5.0"]
    assert [vars(record)["metric"] for record in caplog.records if record.message == "metric unreadable"] == [
        "broken_seconds"
    ]


def test_a_name_is_taken_once_and_registering_reads_nothing() -> None:
    registry = CollectorRegistry()
    reads: list[int] = []
    register_gauge("lag_seconds", "Lag.", lambda: reads.append(1), registry=registry)

    with pytest.raises(ValueError, match="lag_seconds"):
        register_gauge("lag_seconds", "Lag.", lambda: 1, registry=registry)

    assert reads == []


def test_a_taken_port_is_an_error() -> None:
    registry = CollectorRegistry()
    port = serve_metrics(0, registry=registry)

    with pytest.raises(OSError, match="in use"):
        serve_metrics(port, registry=registry)
