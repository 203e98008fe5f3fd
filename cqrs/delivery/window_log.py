"""What the log says of a window: a line for each receipt and three for its numbers, in words that others look for."""

import logging
from collections.abc import Iterable

from cqrs.delivery.counting import Counted, moment
from cqrs.delivery.stored_windows import StoredWindow

logger = logging.getLogger(__name__)


def log_window(counted: Counted) -> None:
    """Write the lines of a window. The numbers are deliveries, an event for a subscription each, of all topics."""
    for traced in counted.received:
        receipt = traced.receipt
        logger.info("rev record: %s, traceID: %s, eventID: %s", receipt.topic, traced.trace_id, receipt.event_id)
    total = counted.total
    seconds = (counted.end - counted.start) / 1000
    percent = "null" if total.rate is None else f"{total.rate * 100:f}"
    fields = {"start": moment(counted.start).isoformat(), "end": moment(counted.end).isoformat()}
    logger.info("total: %d", total.expected, extra=fields)
    logger.info("missed: %d", total.missed, extra=fields)
    logger.info("completion rate of last %g sec. : %s", seconds, percent, extra=fields)


def log_revised(windows: Iterable[StoredWindow]) -> None:
    """Write a line for each window that something came late for."""
    for window in windows:
        fields = {"topic": window.topic, "start": window.start.isoformat(), "rate": window.tally.rate}
        logger.info("window revised, records came late", extra=fields)
