"""What the scheduler of this process has counted, for Prometheus.

Of several schedulers each window is counted first by one: the sums over all of them hold each delivery once.
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter

from cqrs.delivery.counting import Counted
from cqrs.delivery.stored_windows import StoredWindow

EXPECTED: Final = Counter(
    "cqrs_delivery_expected_deliveries", "Deliveries that were expected in counted windows.", ["topic"]
)
RECEIVED: Final = Counter(
    "cqrs_delivery_received_deliveries",
    "Of those, the ones that were received when their window was counted.",
    ["topic"],
)
MISSED: Final = Counter(
    "cqrs_delivery_missed_deliveries", "Of those, the ones that were missing when their window was counted.", ["topic"]
)
FAILED: Final = Counter("cqrs_delivery_failed_events", "Events that could not be published.", ["topic"])
REVISED: Final = Counter(
    "cqrs_delivery_revised_windows", "Times that a window was revised by what came late.", ["topic"]
)


def observe_counted(counted: Counted) -> None:
    """Add the numbers of a window that was counted for the first time."""
    for topic, tally in counted.topics.items():
        EXPECTED.labels(topic).inc(tally.expected)
        RECEIVED.labels(topic).inc(tally.received)
        MISSED.labels(topic).inc(tally.missed)
        FAILED.labels(topic).inc(tally.failed)


def observe_revised(windows: Iterable[StoredWindow]) -> None:
    """Count the windows that were revised."""
    for window in windows:
        REVISED.labels(window.topic).inc()
