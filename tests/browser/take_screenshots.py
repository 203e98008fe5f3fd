"""Takes the pictures of the documentation: `python -m tests.browser.take_screenshots http://127.0.0.1:8080`."""

import re
import sys
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.alert_page import alert_page
from tests.browser.delivery_page import delivery_page
from tests.browser.run_page import RunPage

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
TRANSITIONS: Final = "Promise.all(document.getAnimations().map((animation) => animation.finished))"
SIZE: Final = ViewportSize(width=1280, height=1000)


def main(base_url: str) -> None:
    """Write `page.png` and `page-….png`: running, bulk, dark, alerts and delivery, from that stack."""
    expect.set_options(timeout=120_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        one_by_one(browser, base_url)
        in_bulk(browser, base_url)
        journey_in_the_dark(browser, base_url)
        waiting_alerts(browser, base_url)
        falling_and_recovering(browser, base_url)
        browser.close()


def one_by_one(browser: Browser, base_url: str) -> None:
    page = open_page(browser, base_url, "light")
    RunPage(page).generate(1_000)
    expect(page.locator("#accepted-text")).to_have_text(re.compile(r"^[67]\d\d of"))
    page.screenshot(path=FOLDER / "page-running.png")
    finish(page)
    page.screenshot(path=FOLDER / "page.png", full_page=True)


def in_bulk(browser: Browser, base_url: str) -> None:
    page = open_page(browser, base_url, "light")
    RunPage(page).generate(5_000, mode="Bulk")
    finish(page)
    page.screenshot(path=FOLDER / "page-bulk.png")


def journey_in_the_dark(browser: Browser, base_url: str) -> None:
    page = open_page(browser, base_url, "dark")
    RunPage(page).generate(100)
    finish(page)
    RunPage(page).people.nth(2).click()
    expect(page.locator(".journey-steps li")).to_have_count(2)
    page.screenshot(path=FOLDER / "page-dark.png")


def waiting_alerts(browser: Browser, base_url: str) -> None:
    page = open_page(browser, base_url, "light")
    alerts = alert_page(page)
    alerts.send("6.2")
    alerts.expect_stage("6.2", "sent")
    alerts.send("5.4")
    alerts.expect_stage("5.4", "valid")
    alerts.let_provider("Refuses, 422")
    alerts.send("4.9")
    alerts.expect_stage("4.9", "failed")
    alerts.let_provider("Is busy, 429")
    alerts.send("7")
    expect(alerts.trail("7")).to_contain_text("the provider answered 429")
    alerts.send("6.8")
    alerts.expect_stage("6.8", "pending")
    page.locator("#alerts").evaluate("(alerts) => alerts.scrollIntoView()")
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / "page-alerts.png")
    alerts.let_provider("Takes all")


def falling_and_recovering(browser: Browser, base_url: str) -> None:
    page = open_page(browser, base_url, "light")
    delivery = delivery_page(page)
    delivery.publish_ten()
    delivery.expect_rate("100 % received")
    delivery.let_mailing("Is slow")
    delivery.publish()
    delivery.expect_rate("Only 50 % received")
    delivery.let_mailing("Receives")
    delivery.expect_rate("100 % received")
    delivery.let_mailing("Fails")
    delivery.publish()
    delivery.expect_rate("Only 50 % received")
    delivery.let_mailing("Receives")
    delivery.publish_ten()
    delivery.expect_rate("100 % received")
    delivery.publish_ten()
    expect(delivery.subline).to_contain_text("10 users are ")
    page.locator("#delivery").evaluate("(delivery) => delivery.scrollIntoView()")
    page.mouse.move(0, 0)
    page.evaluate(TRANSITIONS)
    page.screenshot(path=FOLDER / "page-delivery.png")


def open_page(browser: Browser, base_url: str, theme: Literal["light", "dark"]) -> Page:
    page = browser.new_page(base_url=base_url, viewport=SIZE, color_scheme=theme)
    page.goto("/")
    return page


def finish(page: Page) -> None:
    """Wait for the end of the run and for its last transition, and take the mouse off what it would light up."""
    RunPage(page).wait_until_finished()
    expect(page.locator('[data-station="mongodb"] .note')).to_have_text("documents, all read back")
    page.mouse.move(0, 0)
    page.evaluate(TRANSITIONS)


if __name__ == "__main__":
    main(sys.argv[1])
