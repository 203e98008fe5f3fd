"""Runs that go well."""

import re

from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.run_page import RunPage

STATISTICS = re.compile(r"/api/v1/user-stats\?")
# Time enough to draw what has just come in.
A_FEW_FRAMES = "() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 300))"
# A busy machine may let a page wait for seconds; one that never lets go of its thread waits as long as the run takes.
FROZEN_MS = 20_000
HEARTBEAT = """() => {
  window.heartbeat = {beats: 0, longestPause: 0};
  let last = performance.now();
  const beat = (now) => {
    window.heartbeat.beats += 1;
    window.heartbeat.longestPause = Math.max(window.heartbeat.longestPause, now - last);
    last = now;
    requestAnimationFrame(beat);
  };
  requestAnimationFrame(beat);
}"""


def test_twenty_five_sample_users_become_synchronised_with_their_pictures(run_page: RunPage) -> None:
    run_page.generate(25)
    run_page.wait_until_finished()

    expect(run_page.headline).to_have_text("All 25 users are synchronised")
    for station, number in {"post": 25, "postgresql": 25, "saga": 0, "mongodb": 25, "synchronized": 25}.items():
        run_page.expect_station(station, number)
    expect(run_page.people).to_have_count(12)
    expect(run_page.page.locator(".person .status")).to_have_text(["SYNCHRONIZED"] * 12)
    pictures = run_page.page.locator(".person img")
    expect(pictures).to_have_count(12)
    assert pictures.evaluate_all("(all) => all.every((one) => one.complete && one.naturalWidth > 0)")


def test_nothing_is_asked_of_the_internet(run_page: RunPage, outside: list[str]) -> None:
    run_page.generate(10)
    run_page.wait_until_finished()

    assert outside == []


def test_the_instances_that_answered_are_counted(run_page: RunPage) -> None:
    run_page.generate(60)
    run_page.wait_until_finished()

    rows = run_page.page.locator(".replicas tbody tr")
    counted = {row.locator("th").inner_text(): int(row.locator("td").first.inner_text()) for row in rows.all()}
    assert counted == {row["appId"]: row["total"] for row in run_page.stored()}
    assert sum(counted.values()) == 60
    assert len(counted) == 3


def test_an_answer_that_comes_late_does_not_undo_a_newer_one(run_page: RunPage) -> None:
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    run_page.page.route(STATISTICS, hold_the_first)
    run_page.generate(25)
    run_page.wait_until_finished()
    route, before_anyone_was_sent = held[0]

    with run_page.page.expect_request_finished(lambda request: request == route.request):
        route.fulfill(response=before_anyone_was_sent)
    run_page.page.evaluate(A_FEW_FRAMES)

    run_page.expect_station("synchronized", 25)
    run_page.expect_station("mongodb", 25)


def test_timings_are_shown(run_page: RunPage) -> None:
    run_page.generate(25)
    run_page.wait_until_finished()

    figures = run_page.page.locator(".timings .figures dd:not(.note)").all_inner_texts()
    assert len(figures) == 4
    assert all(re.search(r"\d", figure) for figure in figures)


def test_five_thousand_in_bulk_do_not_freeze_the_page(run_page: RunPage) -> None:
    run_page.page.evaluate(HEARTBEAT)

    run_page.generate(5_000, mode="Bulk")
    run_page.wait_until_finished()

    run_page.expect_station("mongodb", 5_000)
    expect(run_page.page.locator('[data-station="mongodb"] .note')).to_have_text("documents, all read back")
    heartbeat = run_page.page.evaluate("window.heartbeat")
    assert heartbeat["beats"] > 10
    assert heartbeat["longestPause"] < FROZEN_MS


def test_a_thousand_one_by_one_leave_the_page_small(run_page: RunPage) -> None:
    run_page.page.evaluate(HEARTBEAT)

    run_page.generate(1_000)
    run_page.wait_until_finished()

    run_page.expect_station("synchronized", 1_000)
    assert run_page.page.evaluate("window.heartbeat.longestPause") < FROZEN_MS
    assert run_page.page.evaluate("document.querySelectorAll('*').length") < 600


def test_the_same_seed_again_stores_nobody_twice(run_page: RunPage) -> None:
    run_page.generate(10, seed="browser-again")
    run_page.wait_until_finished()
    run_page.generate(15, seed="browser-again")
    expect(run_page.headline).to_have_text("All 15 users are synchronised")

    expect(run_page.page.locator("#subline")).to_contain_text("10 of them were stored before")
    assert run_page.total_stored() == 15


def test_reloading_shows_the_run_of_the_address(run_page: RunPage) -> None:
    run_page.generate(10)
    run_page.wait_until_finished()
    seed = run_page.seed

    run_page.page.reload()

    expect(run_page.headline).to_have_text("10 users synchronised")
    expect(run_page.people).to_have_count(10)
    assert run_page.page.url.endswith(f"?seed={seed}")
    assert run_page.page.get_by_label("Seed").input_value() == seed


def test_a_seed_without_users_says_so(page: Page) -> None:
    page.goto("/?seed=browser-nobody")

    expect(page.locator("#headline")).to_have_text("No users under this seed")


def test_a_user_shows_its_way_through_both_stores(run_page: RunPage) -> None:
    run_page.generate(3)
    run_page.wait_until_finished()

    run_page.people.first.click()

    steps = run_page.page.get_by_role("dialog").locator(".journey-steps li")
    expect(steps.locator(".status")).to_have_text(["CREATED", "SYNCHRONIZED"])
    expect(steps.first).to_contain_text("instance-")
    expect(steps.last).to_contain_text("projector-1")


def test_the_theme_is_remembered(run_page: RunPage) -> None:
    toggle = run_page.button("Dark")
    expect(toggle).to_have_attribute("aria-pressed", "false")

    toggle.click()
    run_page.page.reload()

    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert run_page.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
