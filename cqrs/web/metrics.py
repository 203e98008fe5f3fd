"""Prometheus metrics of one process, served on a loopback port of its own."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

HTTP_REQUESTS: Final = Histogram(
    "cqrs_http_request_seconds",
    "Time to answer a request; its count is the number of requests.",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)

_http_series: dict[tuple[str, str, int], Histogram] = {}

LabelValues = tuple[str, ...]
Readings = Mapping[LabelValues, float]

_log = logging.getLogger(__name__)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the URL pattern, so that the number of series stays bounded."""
    series = _http_series.get((method, route, status))
    if series is None:
        # Looking the child up by its labels costs more than the observation itself.
        series = _http_series[method, route, status] = HTTP_REQUESTS.labels(method, route, str(status))
    series.observe(seconds)


def serve_metrics(port: int, *, registry: CollectorRegistry = REGISTRY) -> int:
    """Serve `/metrics` on 127.0.0.1 from a daemon thread and return the port: a free one where `port` is 0.

    Raises:
        OSError: the port is taken.
    """
    server, _ = start_http_server(port, addr="127.0.0.1", registry=registry)
    return int(server.server_port)


def register_gauge(
    name: str,
    description: str,
    read: Callable[[], float | Readings | None],
    *,
    labels: tuple[str, ...] = (),
    registry: CollectorRegistry = REGISTRY,
) -> None:
    """A gauge that is read at scrape time: a number, or one by label values, or None while it is unknown.

    What is unknown is absent from the answer rather than zero, and so is what cannot be read: that is logged.

    Raises:
        ValueError: a metric of this name exists.
    """
    registry.register(_ScrapedGauge(name, description, read, labels))


class _ScrapedGauge(Collector):
    def __init__(
        self, name: str, description: str, read: Callable[[], float | Readings | None], labels: tuple[str, ...]
    ) -> None:
        self._name = name
        self._description = description
        self._read = read
        self._labels = labels

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The name without a reading, so that registering does not touch a store."""
        return [self._family()]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = self._family()
        for label_values, value in self._readings().items():
            family.add_metric(label_values, value)
        return [family]

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self._name, self._description, labels=self._labels)

    def _readings(self) -> Readings:
        try:
            value = self._read()
        except Exception as error:  # noqa: BLE001 - one unreadable value must not hide the others
            _log.warning("metric unreadable", extra={"metric": self._name, "error": type(error).__name__})
            return {}
        if value is None:
            return {}
        return value if isinstance(value, Mapping) else {(): value}
