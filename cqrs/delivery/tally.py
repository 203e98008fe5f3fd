"""The arithmetic of completion: what was expected of events, what of that was received, and what is missing.

Everything is counted in one unit, an event for a subscription. Two receipts of one event by one subscription are one;
a receipt that nobody expected is none, so that it cannot stand in for one that is missing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

PUBLISHED = "published"
FAILED = "failed"


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and the subscriptions of its topic when it was published. One that failed is expected by none."""

    topic: str
    event_id: str
    subscriptions: tuple[str, ...]
    status: str = PUBLISHED


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription has handled an event."""

    topic: str
    event_id: str
    subscription: str


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Of `events` that were published and `failed` that were not: `expected` and `received` deliveries."""

    events: int = 0
    failed: int = 0
    expected: int = 0
    received: int = 0

    @property
    def missed(self) -> int:
        """The deliveries that were expected and not received."""
        return self.expected - self.received

    @property
    def rate(self) -> float | None:
        """Received by expected, from 0 to 1; None where nothing was expected."""
        return self.received / self.expected if self.expected else None

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(
            events=self.events + other.events,
            failed=self.failed + other.failed,
            expected=self.expected + other.expected,
            received=self.received + other.received,
        )


def by_subscription(publications: Iterable[Publication], receipts: Iterable[Receipt]) -> dict[tuple[str, str], Tally]:
    """Return the tallies by topic and subscription."""
    received = set(receipts)
    tallies: dict[tuple[str, str], Tally] = {}
    for receipt in _expected(publications):
        key = (receipt.topic, receipt.subscription)
        one = Tally(events=1, expected=1, received=int(receipt in received))
        tallies[key] = tallies.get(key, Tally()) + one
    return tallies


def by_topic(publications: Sequence[Publication], subscriptions: Mapping[tuple[str, str], Tally]) -> dict[str, Tally]:
    """Return the tallies by topic; one is there where something was published, or failed to be.

    `subscriptions` is what `by_subscription` says of these publications.
    """
    tallies: dict[str, Tally] = {}
    for event in _distinct(publications, PUBLISHED):
        tallies[event[0]] = tallies.get(event[0], Tally()) + Tally(events=1)
    for event in _distinct(publications, FAILED):
        tallies[event[0]] = tallies.get(event[0], Tally()) + Tally(failed=1)
    for (topic, _), one in subscriptions.items():
        tallies[topic] += Tally(expected=one.expected, received=one.received)
    return tallies


def missing(publications: Iterable[Publication], receipts: Iterable[Receipt]) -> list[Receipt]:
    """Return the receipts that were expected and are not there, in the order in which they were expected."""
    received = set(receipts)
    return [receipt for receipt in _expected(publications) if receipt not in received]


def expected_of(publications: Iterable[Publication]) -> set[Receipt]:
    """Return the receipts that are expected."""
    return {receipt for one in publications for receipt in _of_all(one)}


def _distinct(publications: Iterable[Publication], status: str) -> set[tuple[str, str]]:
    return {(one.topic, one.event_id) for one in publications if one.status == status}


def _expected(publications: Iterable[Publication]) -> list[Receipt]:
    return list(dict.fromkeys(receipt for one in publications for receipt in _of_all(one)))


def _of_all(publication: Publication) -> Iterator[Receipt]:
    if publication.status != PUBLISHED:
        return
    for subscription in publication.subscriptions:
        yield Receipt(topic=publication.topic, event_id=publication.event_id, subscription=subscription)
