"""How records are divided into pages, and that reading them by time finds all of a window and nothing else."""

from datetime import datetime, timedelta

import pytest

from cqrs.clock import now
from cqrs.delivery.counting import read
from cqrs.delivery.ledger import PUBLISH_PAGES, Ledger
from cqrs.delivery.pages import LARGEST, MOST_EVENTS, SPREAD, publication_pages
from cqrs.delivery.recording import Recording
from cqrs.delivery.records import TrackedEvent, milliseconds

AT = now().replace(microsecond=0)
MOMENT = timedelta(milliseconds=1)


def event(name: str, at: datetime = AT, *, topic: str = "users", payload: str = "{}") -> TrackedEvent:
    return TrackedEvent(topic=topic, event_id=name, trace_id=None, payload=payload, published_at=at)


def pages(*events: TrackedEvent) -> list[list[str]]:
    return [page["eventIDs"] for page in publication_pages(events, status="published", subscriptions=())]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([event("1")], [["1"]]),
        ([event("2", AT + MOMENT), event("1")], [["2", "1"]]),
        ([event("2", AT + SPREAD), event("1")], [["1"], ["2"]]),
        ([event("1"), event("2", AT + SPREAD - MOMENT)], [["1", "2"]]),
        ([event("1"), event("2", AT + SPREAD)], [["1"], ["2"]]),
        ([event("1"), event("2", AT + SPREAD), event("3", AT + 1.5 * SPREAD)], [["1"], ["2", "3"]]),
        ([event("1"), event("1", topic="other"), event("2")], [["1", "2"], ["1"]]),
        ([event("1"), event("1")], [["1"]]),
        ([event("1", payload="x" * LARGEST), event("2")], [["1"], ["2"]]),
    ],
)
def test_a_page_holds_events_of_one_topic_and_one_second(events: list[TrackedEvent], expected: list[list[str]]) -> None:
    assert pages(*events) == expected


def test_a_page_holds_so_many_events_at_most() -> None:
    found = pages(*(event(str(number)) for number in range(2 * MOST_EVENTS + 1)))

    assert [len(page) for page in found] == [MOST_EVENTS, MOST_EVENTS, 1]


def test_a_window_is_read_from_pages_that_reach_beyond_it(ledger: Ledger) -> None:
    start, end = AT, AT + timedelta(seconds=2)
    around = [start - SPREAD, start - MOMENT, start, start + MOMENT, end - MOMENT, end, end + SPREAD]
    events = [event(str(place), at) for place, at in enumerate(around)]
    Recording(ledger).write_publications(events, status="published", subscriptions=("mailing",))

    found = read(ledger, milliseconds(start), milliseconds(end))

    assert ledger.collection(PUBLISH_PAGES).count_documents({}) < len(events)
    assert [one.event_id for one in found.publications] == ["2", "3", "4"]


def test_a_topic_is_read_by_itself(ledger: Ledger) -> None:
    Recording(ledger).write_publications([event("1"), event("2", topic="other")], status="published")

    found = read(ledger, milliseconds(AT), milliseconds(AT) + 1, topic="other")

    assert [one.event_id for one in found.publications] == ["2"]
