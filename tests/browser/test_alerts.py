"""A reading is sent, and the page shows what becomes of it, whatever the provider does."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.alert_page import AlertPage, alert_page
from tests.browser.run_page import RunPage, forgive_failed_requests
from tests.browser.test_accessibility import accessibility_nodes, nameless, press_until_focused

BEHAVIOUR = "/api/v1/provider/behaviour"
# Time enough to ask several times at the pace of a page that is seen.
A_WHILE = "() => new Promise((resolve) => setTimeout(resolve, 2500))"
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def alerts(page: Page) -> Iterator[AlertPage]:
    """The alerts, on the screen; the provider takes everything before and afterwards."""
    page.request.put(BEHAVIOUR, data={"answer": "take"})
    page.goto("/")
    yield alert_page(page)
    page.request.put(BEHAVIOUR, data={"answer": "take"})


def asked(page: Page) -> list[str]:
    """The requests for alerts from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "/alerts?" in request.url else None)
    return found


def test_a_critical_reading_is_followed_to_the_provider(alerts: AlertPage) -> None:
    alerts.send("6.2")

    alerts.expect_stage("6.2", "sent")
    expect(alerts.trail("6.2").locator(".told")).to_contain_text(
        f"The sensor with id: {alerts.sensor} showed critical value of: 6.2 at "
    )
    expect(alerts.trail("6.2")).to_contain_text("taken by instance-")
    expect(alerts.trail("6.2")).to_contain_text("valid 5 to 6")


def test_a_valid_reading_is_no_alert(alerts: AlertPage) -> None:
    alerts.send("5.5")

    alerts.expect_stage("5.5", "valid")
    expect(alerts.trail("5.5")).to_contain_text("within the range: no alert")


def test_alerts_wait_for_a_provider_that_is_busy(alerts: AlertPage) -> None:
    alerts.let_provider("Is busy, 429")
    for value in ("7", "8"):
        alerts.send(value)

    alerts.expect_stage("7", "pending")
    expect(alerts.trail("7")).to_contain_text("the provider answered 429")
    alerts.expect_stage("8", "pending")
    expect(alerts.headline).to_have_text("2 alerts wait")
    alerts.let_provider("Takes all")

    for value in ("7", "8"):
        alerts.expect_stage(value, "sent")
    expect(alerts.headline).not_to_contain_text("wait")


def test_a_failed_alert_can_be_delivered_after_all(alerts: AlertPage) -> None:
    alerts.let_provider("Refuses, 422")
    alerts.send("9")
    alerts.expect_stage("9", "failed")
    expect(alerts.trail("9")).to_contain_text("the provider answered 422, refused 3 times")
    alerts.let_provider("Takes all")

    alerts.trail("9").get_by_role("button", name="Deliver after all: 9").click()

    alerts.expect_stage("9", "sent")
    expect(alerts.trail("9").get_by_role("button")).to_have_count(0)


def test_the_switch_shows_what_another_page_has_set(alerts: AlertPage) -> None:
    alerts.page.request.put(BEHAVIOUR, data={"answer": "hang"})

    expect(alerts.behaviour("Hangs")).to_be_checked()


def test_what_cannot_be_a_reading_is_not_sent(alerts: AlertPage) -> None:
    sent: list[str] = []
    alerts.page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/data") else None)

    alerts.page.get_by_label("Sensor", exact=True).fill("thermometer")
    alerts.page.get_by_role("button", name="Send reading").click()
    alerts.page.get_by_label("Sensor", exact=True).fill(alerts.sensor)
    alerts.page.get_by_label("Value", exact=True).fill("")
    alerts.page.get_by_role("button", name="Send reading").click()
    alerts.send("5.1")
    alerts.expect_stage("5.1", "valid")

    assert len(sent) == 1


def test_what_went_wrong_is_said_and_it_goes_on_by_itself(alerts: AlertPage, complaints: list[str]) -> None:
    problem = {"title": "A store cannot be reached now", "status": 503, "detail": "mongodb is unavailable"}

    def unavailable(route: Route) -> None:
        route.fulfill(status=503, body=json.dumps(problem), headers={"Content-Type": "application/problem+json"})

    alerts.page.route("**/data", unavailable)
    alerts.page.route("**/alerts?*", unavailable)
    alerts.send("6.3")

    expect(alerts.page.locator("#reading .trouble")).to_have_text(
        "A store cannot be reached now. mongodb is unavailable"
    )
    expect(alerts.trouble).to_have_text("Not up to date: A store cannot be reached now. Trying again.")
    alerts.page.unroute("**/data")
    alerts.page.unroute("**/alerts?*")
    alerts.send("6.3")
    alerts.expect_stage("6.3", "sent")
    expect(alerts.trouble).to_be_hidden()
    expect(alerts.page.locator("#reading .trouble")).to_have_text("")
    forgive_failed_requests(complaints)


def test_nothing_is_asked_while_nobody_sees_it(page: Page) -> None:
    found = asked(page)
    page.goto("/")
    RunPage(page).generate(3)
    RunPage(page).wait_until_finished()
    page.evaluate(A_WHILE)
    unseen = len(found)

    alert_page(page)
    page.evaluate(A_WHILE)
    seen = len(found)
    page.evaluate(HIDE, "hidden")
    page.evaluate(A_WHILE)
    hidden = len(found)
    page.evaluate(HIDE, "visible")
    page.evaluate(A_WHILE)

    assert unseen == 0
    assert seen >= 1
    assert hidden - seen <= 1
    assert len(found) > hidden


def test_markup_in_a_text_stays_text(alerts: AlertPage) -> None:
    markup = "<img src=x onerror=alert(1)><b>told</b>"

    def tell_markup(route: Route) -> None:
        answer = route.fetch()
        items = [item | {"text": markup} for item in answer.json()["items"]]
        route.fulfill(response=answer, json={"items": items, "nextCursor": None})

    alerts.page.route("**/provider/texts?*", tell_markup)
    alerts.send("6.4")

    expect(alerts.trail("6.4").locator(".told")).to_have_text(markup)
    expect(alerts.trail("6.4").locator(".told *")).to_have_count(0)


def test_it_needs_no_mouse(alerts: AlertPage) -> None:
    page = alerts.page
    page.get_by_label("Sensor", exact=True).fill(alerts.sensor)
    page.locator("body").click(position={"x": 1, "y": 1})

    press_until_focused(page, "#value", at_most=60)
    page.keyboard.press("Control+A")
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    alerts.expect_stage("11", "sent")
    press_until_focused(page, "[name=behaviour]:checked")
    with page.expect_response(lambda answer: answer.url.endswith(BEHAVIOUR) and answer.status == 204):
        page.keyboard.press("ArrowRight")

    expect(alerts.behaviour("Answers 500")).to_be_checked()
    assert page.request.get(BEHAVIOUR).json() == {"answer": "error"}


def test_a_screen_reader_is_told_how_it_goes(alerts: AlertPage) -> None:
    alerts.let_provider("Answers 500")

    alerts.send("12")

    announcer = alerts.page.locator("#alerts > [role=status]")
    expect(announcer).to_contain_text("1 alert waits")
    alerts.let_provider("Takes all")
    expect(announcer).not_to_contain_text("waits")
    assert nameless(accessibility_nodes(alerts.page)) == []


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_sticks_out_of_a_screen(alerts: AlertPage, width: int) -> None:
    alerts.page.set_viewport_size({"width": width, "height": 800})

    alerts.send("-123456789012345680")
    alerts.expect_stage("-123456789012345680", "sent")

    assert alerts.page.evaluate("document.documentElement.scrollWidth") == width
