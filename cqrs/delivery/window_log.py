"""What the log says of a window: a line for each receipt and three for its numbers, in words that others look for."""

import logging

from cqrs.delivery.counting import Counted

logger = logging.getLogger(__name__)


def log_window(counted: Counted) -> None:
    """Write the lines of a window. The numbers are deliveries, an event for a subscription each, of all topics."""
    for traced in counted.received:
        receipt = traced.receipt
        logger.info("rev record: %s, traceID: %s, eventID: %s", receipt.topic, traced.trace_id, receipt.event_id)
    total = counted.total
    seconds = (counted.end - counted.start) / 1000
    percent = "null" if total.rate is None else f"{total.rate * 100:f}"
    logger.info("total: %d", total.expected)
    logger.info("missed: %d", total.missed)
    logger.info("completion rate of last %g sec. : %s", seconds, percent)
