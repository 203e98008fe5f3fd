"""Nothing that a ticket cannot be is stored, and every refusal says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client

from tests.bad_input.refused import assert_refused, quickly
from tests.bad_input.test_bodies import UNREADABLE
from tests.services.tickets.offering import CONCERT, offer, stored_events, stored_tickets

WRONG: dict[str, Any] = {
    "no ticket": {},
    "several": [CONCERT],
    "no title": {"price": "20.00"},
    "no price": {"title": "Concert"},
    **{
        f"title is {name}": CONCERT | {"title": value}
        for name, value in {
            "nothing": None,
            "empty": "",
            "blank": " \t ",
            "a number": 5,
            "an operator": {"$ne": None},
            "too long": "x" * 201,
            "NUL": "a\0b",
        }.items()
    },
    **{
        f"price is {name}": CONCERT | {"price": value}
        for name, value in {
            "nothing": None,
            "true": True,
            "zero": 0,
            "below zero": -1,
            "three places": "1.001",
            "a hair above two places": 0.1 + 0.2,
            "too much": "10000000",
            "no number": "twenty",
            "NaN": "NaN",
            "infinite": "Infinity",
            "enormous": "1e999999999",
            "tiny": "1e-999999999",
            "empty": "",
            "an operator": {"$gt": 0},
        }.items()
    },
}


@contextmanager
def nothing_stored() -> Iterator[None]:
    yield
    assert (stored_tickets(), stored_events()) == ([], [])


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_nothing_unreadable_is_stored(owner: Client, body: bytes) -> None:
    with nothing_stored(), quickly():
        assert_refused(offer(owner, body), 400, 413)


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_no_wrong_value_is_stored(owner: Client, body: object) -> None:
    with nothing_stored(), quickly():
        assert_refused(offer(owner, body), 400)


def test_every_mistake_is_named_at_once(owner: Client) -> None:
    answer = offer(owner, {"title": "", "price": "x"})

    assert [error["path"] for error in answer.json()["errors"]] == ["title", "price"]


@pytest.mark.parametrize("query", [{"limit": "-1"}, {"limit": "x"}, {"cursor": "nonsense"}])
def test_no_wrong_page_is_answered(owner: Client, query: dict[str, str]) -> None:
    assert_refused(owner.get("/api/tickets", query), 400)
