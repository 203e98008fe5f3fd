"""A text is taken once for its key, however often it comes, and shown for a day."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client

from cqrs.uuid7 import new_uuid7
from services.alert_provider.provider import AlertProvider, new_alert_provider
from services.alert_provider.text_board import KEPT_SECONDS, TEXTS
from tests.bad_input.refused import assert_refused
from tests.services.alert_provider.telling import ID, listed, tell
from tests.threads import in_threads
from users_query.mongodb import database


def test_a_text_is_shown_as_it_was_taken(client: Client) -> None:
    before = datetime.now(UTC).timestamp() - 0.001

    answer = tell(client, "The roof is on fire")

    (taken,) = listed(client)["items"]
    assert (answer.status_code, answer.content) == (204, b"")
    assert before <= datetime.fromisoformat(taken.pop("takenAt")).timestamp()
    assert taken == {"id": ID, "text": "The roof is on fire", "received": 1, "appId": settings.APP_ID}


def test_one_that_comes_again_is_counted_and_not_taken_again(client: Client) -> None:
    tell(client, "Once")
    (first,) = listed(client)["items"]

    again = tell(client, "Once")

    assert again.status_code == 204
    assert listed(client)["items"] == [first | {"received": 2}]


def test_of_many_at_once_one_is_taken(client: Client) -> None:
    answers = in_threads([lambda: tell(client, "Once")] * 8)

    (taken,) = listed(client)["items"]
    assert [answer.status_code for answer in answers] == [204] * 8
    assert taken["received"] == 8


def test_another_text_under_the_same_key_is_a_conflict(client: Client) -> None:
    tell(client, "One")

    assert_refused(tell(client, "Another"), 409)
    assert [item["text"] for item in listed(client)["items"]] == ["One"]


def test_pages_lead_from_the_newest_to_the_oldest(client: Client) -> None:
    for number in range(7):
        tell(client, f"Text {number}", f"key-{number}")

    seen, cursor = [], None
    while True:
        page = listed(client, limit=3, **({"cursor": cursor} if cursor else {}))
        seen.append([item["text"] for item in page["items"]])
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [["Text 6", "Text 5", "Text 4"], ["Text 3", "Text 2", "Text 1"], ["Text 0"]]


def test_a_text_is_kept_for_a_day(provider: AlertProvider) -> None:
    (expiring,) = [index for index in database()[TEXTS].list_indexes() if "expireAfterSeconds" in index]

    assert (expiring["key"], expiring["expireAfterSeconds"]) == ({"takenAt": 1}, KEPT_SECONDS)
    assert KEPT_SECONDS == 86_400


@pytest.mark.parametrize("wanted", [{}, {"place": {"$lt": new_uuid7()}}], ids=["first page", "next page"])
def test_every_page_is_read_from_an_index(provider: AlertProvider, wanted: dict[str, object]) -> None:
    for number in range(20):
        provider.board.take(f"key-{number}", "Text", app_id="test")

    plan = database()[TEXTS].find(wanted).sort("place", -1).limit(10).explain()["queryPlanner"]["winningPlan"]

    assert "'indexName': 'newest'" in str(plan)
    assert "'stage': 'SORT'" not in str(plan)


def test_its_key_is_never_shown() -> None:
    assert "secret" not in repr(new_alert_provider(database(), b"secret"))
