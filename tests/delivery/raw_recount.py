"""A recount over the raw records alone, from what issue and documentation say that the numbers are.

It shares no code with what it checks, and looks at no time but that of publishing: whenever and however often an event
was received, it was received by that subscription.
"""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from pymongo.database import Database


class Numbers(NamedTuple):
    """What is known of deliveries; the rate is as exact as fractions are."""

    expected: int
    received: int
    missed: int
    rate: Fraction | None

    @classmethod
    def of(cls, expected: set[Any], received: set[Any]) -> "Numbers":
        arrived = len(expected & received)
        rate = Fraction(arrived, len(expected)) if expected else None
        return cls(len(expected), arrived, len(expected) - arrived, rate)


class Window(NamedTuple):
    """A topic in a window."""

    events: int
    failed: int
    numbers: Numbers
    subscriptions: dict[str, Numbers]


Windows = dict[tuple[str, datetime], Window]


def recount(database: Database[Any], size: int) -> Windows:
    """Return the windows of `size` milliseconds by topic and start, of those in which something was to be published."""
    received = {(one["topic"], one["eventID"], one["subscription"]) for one in database["received_records"].find()}
    published: dict[Any, set[str]] = defaultdict(set)
    failed: dict[Any, set[str]] = defaultdict(set)
    expected: dict[Any, set[Any]] = defaultdict(set)
    for one in database["publish_records"].find({}, {"payload": 0}):
        at = round(one["publishedAt"].timestamp() * 1000)
        window = one["topic"], datetime.fromtimestamp((at - at % size) / 1000, one["publishedAt"].tzinfo)
        kind = {"published": published, "failed": failed}[one["status"]]
        kind[window].add(one["eventID"])
        expected[window] |= {(one["topic"], one["eventID"], group) for group in one["subscriptions"]}
    return {
        window: Window(
            events=len(published[window]),
            failed=len(failed[window]),
            numbers=Numbers.of(expected[window], received),
            subscriptions=by_subscription(expected[window], received),
        )
        for window in set(published) | set(failed)
    }


def by_subscription(expected: set[Any], received: set[Any]) -> dict[str, Numbers]:
    groups = {group for _, _, group in expected}
    return {group: Numbers.of({one for one in expected if one[2] == group}, received) for group in groups}


def stored(database: Database[Any]) -> Windows:
    """Return what is stored, with the rates as the fractions that they are the nearest number to."""
    return {
        (one["topic"], one["start"]): Window(
            events=one["events"],
            failed=one["failed"],
            numbers=numbers_of(one),
            subscriptions={each["name"]: numbers_of(each) for each in one["subscriptions"]},
        )
        for one in database["delivery_windows"].find()
    }


def numbers_of(stored: dict[str, Any]) -> Numbers:
    expected, received, rate = stored["expected"], stored["received"], stored["rate"]
    exact = Fraction(rate).limit_denominator(expected) if expected else rate
    return Numbers(expected, received, stored["missed"], exact)
