"""What this application counts beyond HTTP requests."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cqrs.context import current, use
from cqrs.eventlog.lag import Lag, measure_lag
from cqrs.eventlog.observation import observe_appends
from cqrs.eventlog.subscription import Batch
from cqrs.web.metrics import register_gauge

APPENDED = Counter("cqrs_events_appended", "Events committed to the log, by stage.", ["stage", "app_id"])
PROJECTED = Counter("cqrs_events_projected", "Events whose documents are written.", ["subscription", "app_id"])
PARKED = Counter("cqrs_events_parked", "Events put aside with their cause.", ["subscription", "app_id"])
RETRIED = Counter("cqrs_events_retried", "Attempts at events that were put aside.", ["subscription", "app_id"])
BATCH_EVENTS = Histogram(
    "cqrs_batch_events",
    "Events in a batch.",
    ["subscription", "app_id"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS = Histogram(
    "cqrs_batch_seconds",
    "Time for a batch.",
    ["subscription", "app_id"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)

# Whoever scrapes waits ten seconds at most, and wants the other metrics.
PATIENCE = 2.0

_log = logging.getLogger(__name__)


def register_metrics() -> None:
    """Count what is appended, and read the connection pool at each scrape."""
    observe_appends(lambda stage, count: APPENDED.labels(stage, settings.APP_ID).inc(count))
    register_gauge(
        "cqrs_postgres_pool", "The pool of connections, since the start of the process.", _pool, labels=("figure",)
    )


def register_lag(subscription: str, aggregate_type: str, *, registry: CollectorRegistry = REGISTRY) -> None:
    """Measure once at each scrape how far a subscription is behind; absent while that is unknown or unreadable.

    Raises:
        ValueError: a subscription's lag is registered already.
    """
    registry.register(_LagCollector(subscription, aggregate_type))


def observe_batch(batch: Batch) -> None:
    """Count a batch of a subscription."""
    labels = (batch.subscription, settings.APP_ID)
    PROJECTED.labels(*labels).inc(batch.handled)
    PARKED.labels(*labels).inc(batch.parked)
    RETRIED.labels(*labels).inc(batch.retried)
    BATCH_EVENTS.labels(*labels).observe(batch.handled)
    BATCH_SECONDS.labels(*labels).observe(batch.seconds)


def _pool() -> dict[tuple[str, ...], float] | None:
    # The connection is a proxy for one of whichever database is configured: here always PostgreSQL, which has a pool.
    pool = cast(DatabaseWrapper, connection).pool
    if pool is None:
        return None
    figures = pool.get_stats()
    wanted = ("pool_size", "pool_available", "requests_num", "requests_queued", "requests_waiting", "requests_wait_ms")
    return {(name,): float(figures.get(name, 0)) for name in wanted}


class _LagCollector(Collector):
    """Both figures of a subscription's lag, from one measurement."""

    def __init__(self, subscription: str, aggregate_type: str) -> None:
        self._subscription = subscription
        self._aggregate_type = aggregate_type

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """The names without a measurement, so that registering does not touch the store."""
        return self._families()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        events, seconds = families = self._families()
        if lag := self._measured():
            labels = (self._subscription, settings.APP_ID)
            events.add_metric(labels, lag.events)
            seconds.add_metric(labels, lag.seconds)
        return families

    def _families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        labels = ("subscription", "app_id")
        return (
            GaugeMetricFamily("cqrs_subscription_lag_events", "Events not handled yet.", labels=labels),
            GaugeMetricFamily("cqrs_subscription_lag_seconds", "Age of the oldest of them.", labels=labels),
        )

    def _measured(self) -> Lag | None:
        try:
            with use(replace(current(), patience=PATIENCE)):
                return measure_lag(self._subscription, self._aggregate_type)
        except Exception as error:  # noqa: BLE001 - a lag that cannot be measured must not hide the other metrics
            _log.warning("metric unreadable", extra={"metric": "cqrs_subscription_lag", "error": type(error).__name__})
            return None
        finally:
            # A scrape has a thread of its own, which ends without giving its connection back.
            connection.close()
