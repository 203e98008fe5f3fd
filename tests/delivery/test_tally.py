"""The arithmetic of completion: one unit, each delivery once, nothing unexpected, and null for nothing."""

from typing import NamedTuple

import pytest

from cqrs.delivery.tally import FAILED, Publication, Receipt, Tally, by_subscription, by_topic, missing

TOPIC = "create-user"
THREE = ("billing", "mailing", "search")


def publication(event: str, subscriptions: tuple[str, ...] = THREE, *, status: str = "published") -> Publication:
    return Publication(topic=TOPIC, event_id=event, subscriptions=subscriptions, status=status)


def receipt(event: str, subscription: str) -> Receipt:
    return Receipt(topic=TOPIC, event_id=event, subscription=subscription)


def everywhere(*events: str, but: tuple[str, ...] = ()) -> list[Receipt]:
    return [receipt(event, subscription) for event in events for subscription in THREE if subscription not in but]


def tally(published: list[Publication], received: list[Receipt]) -> dict[str, Tally]:
    return by_topic(published, by_subscription(published, received))


class Case(NamedTuple):
    """What was published and received, and what is to be counted of it."""

    published: list[Publication]
    received: list[Receipt]
    events: int
    expected: int
    counted: int
    rate: float | None
    failed: int = 0


A, B = publication("a"), publication("b")
CASES = {
    "all of it arrived": Case([A, B], everywhere("a", "b"), 2, 6, 6, 1.0),
    "three subscriptions that receive nothing are nothing, not two thirds": Case([A], [], 1, 3, 0, 0.0),
    "one that receives twice hides no other that missed": Case(
        [A], [receipt("a", "billing"), receipt("a", "billing"), receipt("a", "search")], 1, 3, 2, 2 / 3
    ),
    "one that receives two events does not make up for one of another": Case(
        [A, B], everywhere("a", "b", but=("mailing",)), 2, 6, 4, 4 / 6
    ),
    "a receipt that arrives late counts where its event does": Case([A], everywhere("a"), 1, 3, 3, 1.0),
    "one that joined later was not expected": Case([A], [*everywhere("a"), receipt("a", "late")], 1, 3, 3, 1.0),
    "one that joined later does not stand in for another": Case(
        [A], [*everywhere("a", but=("search",)), receipt("a", "late")], 1, 3, 2, 2 / 3
    ),
    "a receipt of an event that nobody published counts nothing": Case([A], everywhere("a", "x"), 1, 3, 3, 1.0),
    "an event that failed is expected by none": Case(
        [A, publication("f", status=FAILED)], everywhere("a"), 1, 3, 3, 1.0, failed=1
    ),
    "an event that was only attempted is expected by none": Case(
        [publication("a", status="attempted")], everywhere("a"), 0, 0, 0, None
    ),
    "where only failures are, there is no rate": Case([publication("f", status=FAILED)], [], 0, 0, 0, None, failed=1),
    "without a subscription there is no rate": Case([publication("a", ())], [], 1, 0, 0, None),
    "an event that is published twice is one": Case([A, A], everywhere("a"), 1, 3, 3, 1.0),
    "subscriptions count as they were when it was published": Case(
        [publication("a", ("billing",)), B], [receipt("a", "billing"), *everywhere("b")], 2, 4, 4, 1.0
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_counted(case: Case) -> None:
    counted = tally(case.published, case.received).get(TOPIC, Tally())

    assert counted == Tally(events=case.events, failed=case.failed, expected=case.expected, received=case.counted)
    assert counted.rate == case.rate
    assert counted.missed == case.expected - case.counted == len(missing(case.published, case.received))


def test_nothing_at_all_has_no_topic_and_no_rate() -> None:
    assert tally([], [receipt("a", "billing")]) == {}
    assert (Tally().missed, Tally().rate) == (0, None)


def test_topics_are_counted_apart_also_where_events_share_an_id() -> None:
    other = Publication(topic="other", event_id="a", subscriptions=("billing",))

    counted = tally([A, other], everywhere("a"))

    assert {topic: (one.expected, one.received) for topic, one in counted.items()} == {TOPIC: (3, 3), "other": (1, 0)}


def test_what_is_missing_is_named() -> None:
    assert missing([A], everywhere("a", but=("mailing",))) == [receipt("a", "mailing")]


def test_each_subscription_has_a_rate_of_its_own() -> None:
    counted = by_subscription([A, publication("b", ("billing",))], everywhere("a", "b", but=("mailing",)))

    assert {subscription: one.rate for (_, subscription), one in counted.items()} == {
        "billing": 1.0,
        "mailing": 0.0,
        "search": 1.0,
    }
    assert counted[TOPIC, "billing"].expected == 2


def test_tallies_add_up_by_deliveries_and_not_by_rates() -> None:
    many, one = Tally(events=99, expected=99, received=99), Tally(events=1, expected=1, received=0)

    assert (many + one).rate == 0.99
