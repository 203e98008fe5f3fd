"""The page in the words of someone who uses it."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.running_stack import RunningStack

# For a thousand users, one by one, on a busy machine.
FINISHED_MS = 300_000
FAILED_REQUEST = "Failed to load resource"


@dataclass(frozen=True, slots=True)
class RunPage:
    """What one does on the page, and what one sees there."""

    page: Page

    def generate(self, count: int, *, seed: str = "", source: str = "Offline sample", mode: str = "One by one") -> None:
        """Fill in the form and press Generate."""
        self.page.get_by_label("Users", exact=True).fill(str(count))
        self.page.get_by_label("Seed").fill(seed)
        self.page.get_by_role("radio", name=source).check()
        self.page.get_by_role("radio", name=mode).check()
        self.button("Generate").click()

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def wait_until_finished(self) -> None:
        expect(self.pipeline).to_have_attribute("data-phase", "finished", timeout=FINISHED_MS)

    def wait_until_accepted(self, count: int, stack: RunningStack) -> None:
        """Wait until at least so many users are accepted; the page's policy forbids Playwright's own way to ask."""
        bar = self.page.locator("#accepted-bar")
        stack.wait_until(lambda: bar.evaluate("(bar) => bar.value") >= count, f"{count} users are accepted")

    @property
    def pipeline(self) -> Locator:
        return self.page.locator("#pipeline")

    @property
    def headline(self) -> Locator:
        return self.page.locator("#headline")

    @property
    def people(self) -> Locator:
        return self.page.locator(".person")

    @property
    def failures(self) -> Locator:
        return self.page.locator("#failures")

    def station(self, name: str) -> int:
        """The number at a station of the pipeline: `post`, `postgresql`, `saga`, `mongodb` or `synchronized`."""
        return int(self.page.locator(f'[data-station="{name}"] .number').inner_text().replace(",", ""))

    def expect_station(self, name: str, number: int) -> None:
        expect(self.page.locator(f'[data-station="{name}"] .number')).to_have_text(f"{number:,}")

    @property
    def seed(self) -> str:
        return self.page.locator("#seed-shown code").inner_text()

    def stored(self) -> list[dict[str, Any]]:
        """What the write side says of the run, a row for each instance."""
        answer = self.page.request.get(f"/api/v1/user-stats?seed={self.seed}")
        rows: list[dict[str, Any]] = answer.json()["stats"]
        return rows

    def total_stored(self) -> int:
        return sum(row["total"] for row in self.stored())


def forgive_failed_requests(complaints: list[str]) -> None:
    """Take out what the browser itself says of an answer that the test made fail."""
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith(FAILED_REQUEST)]
