"""DeliveryWindows, sums and missing deliveries as they are answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from cqrs.delivery.report import Missed
from cqrs.delivery.stored_windows import StoredWindow
from cqrs.delivery.tally import Tally


class DeliveryNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, an event for a subscription each; `rate` is received by expected, null where nothing was expected.

    `failed` are events that could not be published, which nobody is expected to receive.
    """

    events: int
    failed: int
    expected: int
    received: int
    missed: int
    rate: float | None


N = TypeVar("N", bound=DeliveryNumbers)


class DeliveryToSubscription(DeliveryNumbers, frozen=True, kw_only=True):
    """The numbers of a subscription."""

    name: str


class DeliveryOfTopic(DeliveryNumbers, frozen=True, kw_only=True):
    """The numbers of a topic."""

    topic: str


class DeliveryWindow(DeliveryOfTopic, frozen=True, kw_only=True):
    """A topic in a window; `late` where something came after it was first counted."""

    start: datetime
    end: datetime
    late: bool
    subscriptions: list[DeliveryToSubscription]


class DeliverySummary(DeliveryNumbers, frozen=True, kw_only=True):
    """All topics together, and each by itself."""

    topics: list[DeliveryOfTopic]


class MissedDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that has not been received."""

    topic: str
    subscription: str
    event_id: str = msgspec.field(name="eventID")
    trace_id: str | None = msgspec.field(name="traceID")
    published_at: datetime = msgspec.field(name="publishedAt")
    window: datetime


class DeliveryWindows(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, newest first; `nextCursor` is null on the last one."""

    items: list[DeliveryWindow]
    next_cursor: str | None


class MissedDeliveries(msgspec.Struct, kw_only=True, rename="camel"):
    """A page, those of the newest window first; `nextCursor` is null on the last one."""

    items: list[MissedDelivery]
    next_cursor: str | None


def window(stored: StoredWindow) -> DeliveryWindow:
    """Return a window as it is answered."""
    subscriptions = [_numbers(one, DeliveryToSubscription, name=name) for name, one in stored.subscriptions.items()]
    return _numbers(
        stored.tally,
        DeliveryWindow,
        topic=stored.topic,
        start=stored.start,
        end=stored.end,
        late=stored.late,
        subscriptions=subscriptions,
    )


def summary(sums: Mapping[str, Tally]) -> DeliverySummary:
    """Return sums by topic as they are answered."""
    topics = [_numbers(one, DeliveryOfTopic, topic=topic) for topic, one in sums.items()]
    return _numbers(sum(sums.values(), Tally()), DeliverySummary, topics=topics)


def missing(missed: Missed) -> MissedDelivery:
    """Return a missing delivery as it is answered."""
    return MissedDelivery(**msgspec.structs.asdict(missed))


def _numbers(tally: Tally, kind: type[N], **further: Any) -> N:
    numbers = msgspec.structs.asdict(tally)
    return kind(**numbers, missed=tally.missed, rate=tally.rate, **further)
