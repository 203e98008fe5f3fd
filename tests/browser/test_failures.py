"""Runs that do not go well: nothing is lost, nothing is hidden, everything can be tried again."""

import itertools
import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.run_page import RunPage, forgive_failed_requests
from tests.running_stack import RunningStack

ONE_USER = re.compile(r"/api/v1/user-command\?")
BULK = re.compile(r"/api/v1/user-command/bulk\?")
RANDOM_USER = "https://randomuser.me/**"
UNAVAILABLE = {
    "type": "/problems/unavailable",
    "title": "A store cannot be reached now",
    "status": 503,
    "detail": "postgresql is unavailable",
    "instance": "/api/v1/user-command",
}


def unavailable(route: Route) -> None:
    route.fulfill(
        status=503,
        body=json.dumps(UNAVAILABLE),
        headers={"Content-Type": "application/problem+json", "X-App-Id": "instance-2"},
    )


def every(nth: int, fail: Callable[[Route], None]) -> Callable[[Route], None]:
    turns = itertools.count(1)

    def handle(route: Route) -> None:
        if next(turns) % nth == 0:
            fail(route)
        else:
            route.continue_()

    return handle


def test_failed_users_are_listed_and_retried(run_page: RunPage, complaints: list[str]) -> None:
    run_page.page.route(ONE_USER, every(3, unavailable))
    run_page.generate(12)
    run_page.wait_until_finished()

    expect(run_page.headline).to_have_text("4 of 12 users failed")
    expect(run_page.failures.get_by_label("Reasons")).to_have_text("4 503 A store cannot be reached now")
    run_page.failures.get_by_text("The users concerned").click()
    expect(run_page.failures.get_by_label("Failed users").get_by_role("listitem")).to_have_count(4)
    expect(run_page.failures.get_by_label("Failed users")).to_contain_text(
        "postgresql is unavailable · said instance-2"
    )

    run_page.page.unroute(ONE_USER)
    run_page.button("Retry failed (4)").click()

    expect(run_page.headline).to_have_text("All 12 users are synchronised")
    expect(run_page.failures).to_be_hidden()
    assert run_page.total_stored() == 12
    forgive_failed_requests(complaints)


def test_a_retry_after_a_lost_answer_stores_nobody_twice(run_page: RunPage, complaints: list[str]) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    run_page.page.route(ONE_USER, every(2, lose_the_answer))
    run_page.generate(10)
    run_page.wait_until_finished()
    expect(run_page.failures.get_by_label("Reasons")).to_have_text("5 No connection")
    run_page.page.unroute(ONE_USER)

    run_page.button("Retry failed (5)").click()

    expect(run_page.headline).to_have_text("All 10 users are synchronised")
    expect(run_page.page.locator("#subline")).to_contain_text("5 of them were stored before")
    assert run_page.total_stored() == 10
    forgive_failed_requests(complaints)


def test_users_refused_within_a_bulk_are_listed_with_their_reason(run_page: RunPage) -> None:
    def spoil_the_second(route: Route) -> None:
        users = json.loads(route.request.post_data or "[]")
        users[1]["email"] = "nobody"
        route.continue_(post_data=json.dumps(users))

    run_page.page.route(BULK, spoil_the_second)
    run_page.generate(5, mode="Bulk")
    run_page.wait_until_finished()

    expect(run_page.headline).to_have_text("1 of 5 users failed")
    run_page.failures.get_by_text("The users concerned").click()
    expect(run_page.failures.get_by_label("Failed users")).to_contain_text("email:")
    run_page.expect_station("synchronized", 4)


def test_a_bulk_that_fails_as_a_whole_can_be_retried(run_page: RunPage, complaints: list[str]) -> None:
    run_page.page.route(BULK, unavailable)
    run_page.generate(2_500, mode="Bulk")
    run_page.wait_until_finished()
    expect(run_page.headline).to_have_text("2,500 of 2,500 users failed")
    expect(run_page.failures.get_by_label("Failed users").locator("li")).to_have_count(50)
    run_page.page.unroute(BULK)

    run_page.button("Retry failed (2,500)").click()

    expect(run_page.headline).to_have_text("All 2,500 users are synchronised")
    forgive_failed_requests(complaints)


def test_cancel_stops_sending_and_the_rest_can_follow(
    run_page: RunPage, stack: RunningStack, complaints: list[str]
) -> None:
    sent: list[str] = []
    run_page.page.on("request", lambda request: sent.append(request.url) if ONE_USER.search(request.url) else None)
    run_page.generate(2_000, seed="browser-cancelled")
    run_page.wait_until_accepted(20, stack)

    run_page.button("Cancel").click()
    run_page.wait_until_finished()

    requests = len(sent)
    expect(run_page.headline).to_have_text(re.compile(r"Cancelled after [\d,]+ of 2,000 users"))
    assert 20 <= requests < 2_000
    assert run_page.station("post") <= run_page.total_stored() <= requests
    expect(run_page.button("Cancel")).to_have_attribute("aria-disabled", "true")
    run_page.generate(200, seed="browser-cancelled")
    expect(run_page.headline).to_have_text("All 200 users are synchronised")
    assert run_page.total_stored() == max(200, run_page.station("postgresql"))
    forgive_failed_requests(complaints)


def test_cancel_while_the_source_is_silent_sends_nothing(run_page: RunPage) -> None:
    held: list[Route] = []
    run_page.page.route(RANDOM_USER, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    run_page.generate(10, source="randomuser.me")
    expect(run_page.headline).to_have_text("Fetching 10 users")

    run_page.button("Cancel").click()

    expect(run_page.headline).to_have_text("Cancelled")
    expect(run_page.button("Generate")).to_have_attribute("aria-disabled", "false")
    run_page.expect_station("post", 0)


def test_without_internet_the_offline_sample_is_offered(run_page: RunPage, complaints: list[str]) -> None:
    run_page.generate(10, source="randomuser.me")
    notice = run_page.page.get_by_role("alert")
    expect(notice).to_contain_text("randomuser.me cannot be reached")

    notice.get_by_role("button", name="Use the offline sample").click()

    expect(run_page.headline).to_have_text("All 10 users are synchronised")
    expect(notice).to_be_hidden()
    forgive_failed_requests(complaints)


@pytest.mark.parametrize("status", [200, 429, 503])
def test_what_randomuser_says_is_shown(run_page: RunPage, complaints: list[str], status: int) -> None:
    said = {"error": "Uh oh, something has gone wrong. Please tweet us @randomapi about the issue."}
    run_page.page.route(
        RANDOM_USER,
        lambda route: route.fulfill(status=status, json=said, headers={"Access-Control-Allow-Origin": "*"}),
    )

    run_page.generate(10, source="randomuser.me")

    expect(run_page.page.get_by_role("alert")).to_contain_text("Uh oh, something has gone wrong")
    run_page.expect_station("post", 0)
    forgive_failed_requests(complaints)


def test_users_of_randomuser_are_sent_under_its_seed(run_page: RunPage, complaints: list[str]) -> None:
    sample = run_page.page.request.get("/api/v1/sample-users?results=5&seed=from-afar").json()
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json=sample, headers={"Access-Control-Allow-Origin": "*"})

    run_page.page.route(RANDOM_USER, answer)
    run_page.generate(5, source="randomuser.me")

    expect(run_page.headline).to_have_text("All 5 users are synchronised")
    assert run_page.seed == "from-afar"
    assert asked == ["https://randomuser.me/api/?results=5"]
    assert complaints == []


def test_statistics_that_cannot_be_read_are_reported_and_read_later(run_page: RunPage, complaints: list[str]) -> None:
    statistics = re.compile(r"/api/v1/user-stats\?")
    run_page.page.route(statistics, unavailable)
    run_page.generate(5)
    trouble = run_page.page.locator("#trouble")
    expect(trouble).to_contain_text("A store cannot be reached now")

    run_page.page.unroute(statistics)

    expect(run_page.headline).to_have_text("All 5 users are synchronised")
    expect(trouble).to_be_hidden()
    forgive_failed_requests(complaints)


def test_an_answer_that_is_not_json_is_a_failure_with_its_status(run_page: RunPage, complaints: list[str]) -> None:
    run_page.page.route(ONE_USER, lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    run_page.generate(2)
    run_page.wait_until_finished()

    expect(run_page.failures.get_by_label("Reasons")).to_contain_text("2 502")
    forgive_failed_requests(complaints)
