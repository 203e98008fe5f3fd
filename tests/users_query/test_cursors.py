"""A walk by cursor sees everybody who was there when it began, once, whatever is written meanwhile."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from django.test import Client

from tests.threads import in_background
from tests.users_query.held import hold, remove, user

PATH = "/api/v1/user-query"
Filters = dict[str, str]


def walk(client: Client, limit: int, **filters: str) -> Iterator[dict[str, Any]]:
    """Every page, from the newest to the last."""
    query: dict[str, Any] = {"limit": limit, **filters}
    while True:
        answer = client.get(PATH, query)
        assert answer.status_code == 200, answer.content
        yield answer.json()
        if answer.json()["nextCursor"] is None:
            return
        query["cursor"] = answer.json()["nextCursor"]


def ids(pages: Iterator[dict[str, Any]]) -> list[str]:
    return [item["id"] for page in pages for item in page["items"]]


@pytest.mark.parametrize("limit", [1, 7, 10, 200])
def test_a_walk_meets_everybody_once_in_order(client: Client, limit: int) -> None:
    held = hold(*[user() for _ in range(60)])

    assert ids(walk(client, limit)) == held[::-1]


def test_a_walk_within_a_filter_stays_within_it(client: Client) -> None:
    held = hold(*[user(seed=f"run-{number % 3}", nat="DK" if number % 2 else "NO") for number in range(120)])

    assert (
        ids(walk(client, 7, seed="run-1", nat="DK"))
        == [user_id for number, user_id in enumerate(held) if number % 3 == 1 and number % 2][::-1]
    )


def test_a_walk_is_not_disturbed_by_users_that_come_meanwhile(client: Client) -> None:
    before = hold(*[user() for _ in range(600)])
    enough = Event()

    def keep_adding() -> int:
        added = 0
        while not enough.is_set():
            added += len(hold(*[user() for _ in range(5)]))
        return added

    with in_background(keep_adding) as adding:
        pages = walk(client, 20)
        seen = [item["id"] for item in next(pages)["items"]]
        for page in pages:
            seen += [item["id"] for item in page["items"]]
        enough.set()

    assert adding.result() > 0
    assert len(seen) == len(set(seen)), "nobody twice"
    assert seen == sorted(seen, reverse=True), "newest first"
    assert set(before) <= set(seen), "nobody skipped"


def test_a_walk_goes_on_after_the_user_at_the_end_of_a_page_is_deleted_or_changed(client: Client) -> None:
    held = hold(*[user() for _ in range(30)])
    pages = walk(client, 10)

    first = [item["id"] for item in next(pages)["items"]]
    remove(first[-1:])
    hold(user(user_id=None))
    rest = [item["id"] for page in pages for item in page["items"]]

    assert first + rest == held[::-1]


@pytest.mark.parametrize(
    ("begun", "continued"),
    [
        ({}, {"seed": "run-1"}),
        ({"seed": "run-1"}, {}),
        ({"seed": "run-1"}, {"seed": "run-2"}),
        ({"seed": "run-1"}, {"nat": "run-1"}),
        ({"nat": "DK", "gender": "f"}, {"nat": "DK"}),
    ],
)
def test_a_cursor_with_other_filters_is_refused(client: Client, begun: Filters, continued: Filters) -> None:
    hold(*[user(nat="DK", gender="f") for _ in range(12)])
    cursor = client.get(PATH, begun).json()["nextCursor"]

    answer = client.get(PATH, {**continued, "cursor": cursor})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_may_go_on_with_another_limit(client: Client) -> None:
    held = hold(*[user() for _ in range(12)])
    cursor = client.get(PATH, {"limit": 2}).json()["nextCursor"]

    answer = client.get(PATH, {"limit": 200, "cursor": cursor})

    assert [item["id"] for item in answer.json()["items"]] == held[::-1][2:]


def test_a_changed_cursor_is_refused(client: Client) -> None:
    hold(*[user() for _ in range(12)])
    cursor = client.get(PATH).json()["nextCursor"]

    for place in range(0, len(cursor), 5):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert client.get(PATH, {"cursor": changed}).status_code == 400, place


@pytest.mark.parametrize(
    "cursor", ["", "x", "=", "{}", "ü", "../../etc", "A" * 512, "A" * 513, '{"$gt": ""}', "%00", "-"]
)
def test_what_is_no_cursor_is_refused(client: Client, cursor: str) -> None:
    assert client.get(PATH, {"cursor": cursor}).status_code == 400
