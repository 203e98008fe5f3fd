"""Alarms: below the threshold of the topic, and not for windows in which nothing was expected."""

import pytest

from cqrs.delivery.alarm import Thresholds, has_recovered

THRESHOLDS = Thresholds(of_topic={"clicks": 0.9})


@pytest.mark.parametrize(
    ("topic", "rate", "below"),
    [
        ("orders", 1.0, False),
        ("orders", 0.999999, True),
        ("orders", 0.0, True),
        ("orders", None, False),
        ("clicks", 0.9, False),
        ("clicks", 0.8999, True),
    ],
)
def test_a_rate_below_the_threshold(topic: str, rate: float | None, below: bool) -> None:
    assert THRESHOLDS.is_below(topic, rate) == below


@pytest.mark.parametrize(
    ("alarmed", "newest", "below", "recovered"),
    [
        (None, 50, False, False),
        (40, 50, False, True),
        (40, 50, True, False),
        (40, 40, False, True),
        (40, 30, False, False),
    ],
)
def test_recovery_is_told_of_the_alarm_that_was_raised(
    alarmed: int | None, newest: int, below: bool, recovered: bool
) -> None:
    assert has_recovered(alarmed=alarmed, newest=newest, is_below=below) == recovered
