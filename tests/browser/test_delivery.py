"""Users are published, and the page shows how much of that was received, whatever `mailing` does."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.delivery_page import DEMO, DeliveryPage, delivery_page
from tests.browser.run_page import forgive_failed_requests
from tests.browser.test_accessibility import accessibility_nodes, nameless, press_until_focused
from tests.browser.test_alerts import A_WHILE, HIDE


@pytest.fixture
def delivery(page: Page) -> Iterator[DeliveryPage]:
    """Delivery tracking, on the screen; `mailing` receives before and afterwards."""
    page.request.post(DEMO, data={"behaviour": "receive"})
    page.goto("/")
    yield delivery_page(page)
    page.request.post(DEMO, data={"behaviour": "receive"})


def test_the_rate_falls_and_recovers(delivery: DeliveryPage) -> None:
    delivery.publish()
    delivery.expect_rate("100 % received")

    delivery.let_mailing("Fails")
    event = delivery.publish()
    delivery.expect_rate("Only 50 % received")
    expect(delivery.missing(event)).to_contain_text("mailing")
    expect(delivery.columns("missing")).not_to_have_count(0)
    delivery.let_mailing("Receives")
    delivery.publish()
    delivery.expect_rate("100 % received")
    delivery.page.get_by_role("button", name="Deliver after all").click()

    expect(delivery.missing(event)).to_have_count(0)
    expect(delivery.columns("late")).not_to_have_count(0)
    expect(delivery.figure("missed")).to_have_text("0")


def test_ten_users_are_waited_for_until_they_are_counted(delivery: DeliveryPage) -> None:
    answers: list[int] = []
    delivery.page.on(
        "response", lambda answer: answers.append(answer.status) if answer.url.endswith("/api/v1/users") else None
    )

    delivery.publish_ten()

    expect(delivery.subline).to_contain_text("10 users are ")
    expect(delivery.subline).not_to_contain_text("users are ")
    delivery.expect_rate("100 % received")
    assert answers == [201] * 10


def test_the_switch_shows_what_another_page_has_set(delivery: DeliveryPage) -> None:
    delivery.page.request.post(DEMO, data={"behaviour": "slow"})

    expect(delivery.way("Is slow")).to_be_checked()


def test_the_chart_is_also_a_table(delivery: DeliveryPage) -> None:
    delivery.publish()
    delivery.expect_rate("100 % received")

    delivery.page.get_by_text("The windows as a table").click()

    newest = delivery.section.locator("details tbody tr").first
    expect(newest).to_contain_text("100 %")
    expect(newest.get_by_role("rowheader")).to_contain_text(" to ")


def test_what_went_wrong_is_said_and_it_goes_on_by_itself(delivery: DeliveryPage, complaints: list[str]) -> None:
    problem = {"title": "A store cannot be reached now", "status": 503, "detail": "mongodb is unavailable"}

    def unavailable(route: Route) -> None:
        route.fulfill(status=503, body=json.dumps(problem), headers={"Content-Type": "application/problem+json"})

    delivery.page.route("**/api/v1/users", unavailable)
    delivery.page.route("**/delivery/windows?*", unavailable)
    delivery.page.get_by_role("button", name="Publish a user").click()

    expect(delivery.section.locator("form .trouble")).to_have_text(
        "A store cannot be reached now. mongodb is unavailable"
    )
    expect(delivery.trouble).to_have_text("Not up to date: A store cannot be reached now. Trying again.")
    delivery.page.unroute("**/api/v1/users")
    delivery.page.unroute("**/delivery/windows?*")
    delivery.publish()
    delivery.expect_rate("100 % received")
    expect(delivery.trouble).to_be_hidden()
    expect(delivery.section.locator("form .trouble")).to_have_text("")
    forgive_failed_requests(complaints)


def test_nothing_is_asked_while_nobody_sees_it(page: Page) -> None:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "/delivery/" in request.url else None)
    page.goto("/")
    page.evaluate(A_WHILE)
    unseen = [url for url in found if "/api/" in url]

    delivery_page(page)
    expect(page.locator(".columns g")).to_have_count(30)
    seen = len(found)
    page.evaluate(HIDE, "hidden")
    page.evaluate(A_WHILE)
    page.evaluate(A_WHILE)

    assert unseen == []
    # What was under way when it was hidden.
    assert len(found) - seen <= 3


def test_markup_in_an_event_stays_text(delivery: DeliveryPage) -> None:
    markup = "<img src=x onerror=alert(1)>"
    missing = {"subscription": markup, "eventID": markup, "publishedAt": "2026-11-21T14:10:52.123Z"}
    delivery.publish()
    delivery.expect_rate("100 % received")

    def lacking(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, json={**answer.json(), "items": [{**one, "missed": 1} for one in answer.json()["items"]]}
        )

    delivery.page.route("**/delivery/windows?*", lacking)
    delivery.page.route("**/delivery/missed?*", lambda route: route.fulfill(json={"items": [missing]}))

    expect(delivery.missing(markup).locator("code")).to_have_text(markup)
    expect(delivery.section.locator(".missed img")).to_have_count(0)


def test_it_needs_no_mouse(delivery: DeliveryPage) -> None:
    page = delivery.page
    page.locator("body").click(position={"x": 1, "y": 1})

    press_until_focused(page, "#publish .ten", at_most=80)
    with page.expect_response("**/api/v1/users"):
        page.keyboard.press("Enter")
    press_until_focused(page, "[name=mailing]:checked")
    with page.expect_response(lambda answer: answer.url.endswith(DEMO) and answer.status == 204):
        page.keyboard.press("ArrowRight")

    expect(delivery.way("Fails")).to_be_checked()
    assert page.request.get(DEMO).json() == {"behaviour": "fail"}


def test_a_screen_reader_is_told_how_it_goes(delivery: DeliveryPage) -> None:
    delivery.let_mailing("Fails")

    delivery.publish()

    # Others may have published in the same window.
    expect(delivery.section.locator("> [role=status]")).to_contain_text(re.compile(r"Only [\d.]+ % received\."))
    assert nameless(accessibility_nodes(delivery.page)) == []


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_sticks_out_of_a_screen(delivery: DeliveryPage, width: int) -> None:
    delivery.page.set_viewport_size({"width": width, "height": 800})
    delivery.let_mailing("Fails")

    event = delivery.publish()
    expect(delivery.missing(event)).to_have_count(1)

    assert delivery.page.evaluate("document.documentElement.scrollWidth") == width
