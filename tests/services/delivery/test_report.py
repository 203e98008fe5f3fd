"""`/api/v1/delivery`: windows, sums and what is missing, by topic, subscription and time, page by page."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cqrs.delivery.alarm import Thresholds
from cqrs.delivery.ledger import Ledger
from cqrs.delivery.notices import Notices
from cqrs.delivery.scheduler import Scheduler
from cqrs.web.renderers import instant
from tests.delivery.recorded import SHORT, Recorder, run_until_counted

TOPIC = "create-user"
BOTH = ("counting", "mailing")


@pytest.fixture
def recorder(ledger: Ledger) -> Recorder:
    """Two windows of one topic, half of what mailing should receive is missing, and one of another topic."""
    recorder = Recorder(ledger)
    for number in range(2):
        later = number * 0.5
        events = [f"{number}-{index}" for index in range(4)]
        recorder.publish(*events, to=BOTH, later=later)
        recorder.receive(*events, by=("counting",), later=later)
        recorder.receive(*events[:2], by=("mailing",), later=later)
    recorder.publish("other", to=("billing",), topic="other")
    recorder.receive("other", by=("billing",), topic="other")
    run_until_counted(Scheduler(ledger, Notices(ledger, Thresholds()), SHORT), ledger)
    return recorder


def get(client: Client, what: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/delivery/{what}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def all_pages(client: Client, what: str, **query: Any) -> list[Any]:
    page = get(client, what, limit=1, **query)
    items = page["items"]
    while page["nextCursor"]:
        page = get(client, what, limit=1, cursor=page["nextCursor"], **query)
        items += page["items"]
    return list(items)


def test_windows_come_newest_first(client: Client, recorder: Recorder) -> None:
    windows = get(client, "windows")["items"]

    first, second = instant(recorder.start), instant(recorder.start + timedelta(milliseconds=500))
    assert [(one["topic"], one["start"]) for one in windows] == [(TOPIC, second), (TOPIC, first), ("other", first)]
    assert (windows[0]["expected"], windows[0]["missed"], windows[0]["rate"]) == (8, 2, 0.75)
    assert [(one["name"], one["rate"]) for one in windows[0]["subscriptions"]] == [("counting", 1.0), ("mailing", 0.5)]


@pytest.mark.parametrize(
    ("query", "rates"),
    [
        ({"topic": TOPIC}, [0.75, 0.75]),
        ({"topic": "other"}, [1.0]),
        ({"subscription": "mailing"}, [0.5, 0.5]),
        ({"subscription": "nobody"}, []),
    ],
)
def test_windows_by_topic_and_subscription(
    client: Client, recorder: Recorder, query: dict[str, str], rates: list[float]
) -> None:
    assert [one["rate"] for one in get(client, "windows", **query)["items"]] == rates


def test_windows_by_time(client: Client, recorder: Recorder) -> None:
    second = instant(recorder.start + timedelta(milliseconds=500))

    assert len(get(client, "windows", since=second)["items"]) == 1
    assert len(get(client, "windows", until=second)["items"]) == 2


def test_pages_hold_everything_once(client: Client, recorder: Recorder) -> None:
    assert all_pages(client, "windows") == get(client, "windows")["items"]
    assert all_pages(client, "missed") == get(client, "missed")["items"]


def test_a_summary(client: Client, recorder: Recorder) -> None:
    summary = get(client, "summary")

    topics = {one["topic"]: (one["events"], one["expected"], one["received"]) for one in summary["topics"]}
    assert topics == {TOPIC: (8, 16, 12), "other": (1, 1, 1)}
    assert (summary["expected"], summary["missed"], summary["rate"]) == (17, 4, 13 / 17)
    assert get(client, "summary", subscription="mailing")["rate"] == 0.5


def test_a_summary_of_nothing_has_no_rate(client: Client, ledger: Ledger) -> None:
    assert get(client, "summary")["rate"] is None


def test_what_is_missing_is_named(client: Client, recorder: Recorder) -> None:
    missed = get(client, "missed")["items"]

    assert [one["eventID"] for one in missed] == ["1-2", "1-3", "0-2", "0-3"]
    assert {(one["topic"], one["subscription"]) for one in missed} == {(TOPIC, "mailing")}
    assert get(client, "missed", subscription="counting")["items"] == []


def test_what_has_come_meanwhile_is_not_missing(client: Client, recorder: Recorder) -> None:
    recorder.receive("0-2", by=("mailing",))

    assert [one["eventID"] for one in get(client, "missed")["items"]] == ["1-2", "1-3", "0-3"]


@pytest.mark.parametrize("query", ["since=yesterday", "limit=0", "cursor=x", "topic="])
def test_what_cannot_be_asked(client: Client, query: str) -> None:
    assert client.get(f"/api/v1/delivery/windows?{query}").status_code == 400


def test_the_rules_by_which_is_counted(client: Client) -> None:
    assert get(client, "rules") == {
        "tracked": True,
        "windowSeconds": 10.0,
        "graceSeconds": 5.0,
        "threshold": 1.0,
        "thresholds": {},
    }
