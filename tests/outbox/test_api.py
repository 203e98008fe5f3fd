"""Failed events over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import include, path
from pytest_django import Settings

from cqrs.errors import DuplicateRegistration
from cqrs.outbox import Outbox
from cqrs.outbox.api.problems import register_outbox_problems
from cqrs.outbox.registry import RegisteredOutbox, _outboxes, register_outbox
from cqrs.web import error_pages
from tests.outbox.destination import Destination
from tests.outbox.tickets import Tickets, event_of

NAME = "test-api"
TOKEN = "t" * 32
REQUESTS = [
    ("GET", f"{NAME}/events"),
    ("GET", f"{NAME}/events/e-1"),
    ("POST", f"{NAME}/events/e-1/retry"),
    ("DELETE", f"{NAME}/events/e-1"),
]
urlpatterns = [path("api/v1/", include("cqrs.outbox.api.urls"))]
handler404 = error_pages.not_found


@pytest.fixture(scope="module", autouse=True)
def _problems() -> None:
    try:
        register_outbox_problems()
    except DuplicateRegistration:
        return  # the project's composition root was imported first


@pytest.fixture(autouse=True)
def _registered(outbox: Outbox, destination: Destination, settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.outbox.test_api"
    settings.OUTBOX_OPERATOR_TOKEN = ""
    register_outbox(RegisteredOutbox(name=NAME, outbox=outbox, publisher=lambda: destination))
    yield
    del _outboxes[NAME]


@pytest.fixture
def parked(outbox: Outbox, tickets: Tickets) -> list[str]:
    """The ids of three events that were given up, and none of one that waits behind the first."""
    ids = ["e-1", "e-2", "e-3"]
    tickets.save(*[event_of(event_id, 1, event_id=event_id) for event_id in ids], event_of("e-1", 2, event_id="behind"))
    failure = {"at": "$$NOW", "error": "no", "type": "refused", "attempt": 1, "worker": "w"}
    given_up = {"isLocked": False, "attempts": 1, "failures": [failure], "parkedAt": "$$NOW"}
    outbox.queue.events.update_many({"_id": {"$in": ids}}, [{"$set": given_up}])
    return ids


@pytest.fixture
def browser() -> Browser:
    return Browser()


def get(browser: Browser, address: str, **parameters: Any) -> Any:
    return browser.get(f"/api/v1/outboxes/{address}", parameters)


def test_parked_events_are_paged(browser: Browser, parked: list[str]) -> None:
    first = get(browser, f"{NAME}/events", limit=2).json()
    second = get(browser, f"{NAME}/events", limit=2, cursor=first["nextCursor"]).json()

    assert [event["eventId"] for event in first["items"] + second["items"]] == parked
    assert second["nextCursor"] is None
    assert "data" not in first["items"][0]


def test_a_waiting_event_is_shown(browser: Browser, parked: list[str]) -> None:
    assert get(browser, f"{NAME}/events/behind").json()["state"] == "waiting"


def test_a_parked_event_is_retried(browser: Browser, parked: list[str], outbox: Outbox) -> None:
    answer = browser.post(f"/api/v1/outboxes/{NAME}/events/e-1/retry")

    assert answer.status_code == 204
    assert get(browser, f"{NAME}/events/e-1").json()["state"] == "failing"


def test_a_parked_event_is_discarded(browser: Browser, parked: list[str]) -> None:
    answer = browser.delete(f"/api/v1/outboxes/{NAME}/events/e-1")

    assert answer.status_code == 204
    assert get(browser, f"{NAME}/events/e-1").status_code == 404


def test_what_is_about_to_be_published_is_a_conflict(browser: Browser, parked: list[str]) -> None:
    assert browser.delete(f"/api/v1/outboxes/{NAME}/events/behind").status_code == 409
    assert browser.post(f"/api/v1/outboxes/{NAME}/events/behind/retry").status_code == 409


@pytest.mark.parametrize("address", ["other/events", "other/events/e-1", f"{NAME}/events/nobody"])
def test_what_is_not_there_is_not_found(address: str, browser: Browser) -> None:
    answer = get(browser, address)

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("application/problem+json")


@pytest.fixture
def guarded(settings: Settings, parked: list[str], outbox: Outbox) -> Outbox:
    """An outbox with three parked events, which operators look after."""
    settings.OUTBOX_OPERATOR_TOKEN = TOKEN
    return outbox


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}t", f"Basic {TOKEN}", "Bearer é"])
@pytest.mark.parametrize(("method", "address"), REQUESTS)
def test_without_the_token_of_operators_nothing_is_shown_or_done(
    method: str, address: str, authorization: str, browser: Browser, guarded: Outbox
) -> None:
    answer = browser.generic(method, f"/api/v1/outboxes/{address}", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer["Content-Type"].startswith("application/problem+json")
    assert guarded.queue.events.count_documents({"parkedAt": {"$ne": None}}) == 3


@pytest.mark.parametrize(("method", "address"), REQUESTS)
def test_with_the_token_of_operators_it_is(method: str, address: str, browser: Browser, guarded: Outbox) -> None:
    answer = browser.generic(method, f"/api/v1/outboxes/{address}", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code in (200, 204)
