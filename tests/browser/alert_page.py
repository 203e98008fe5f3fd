"""The page's alerts in the words of someone who uses them."""

from dataclasses import dataclass
from uuid import uuid4

from playwright.sync_api import Locator, Page, expect


@dataclass(frozen=True, slots=True)
class AlertPage:
    """What one does with alerts on the page, and what one sees there; `sensor` is the test's own."""

    page: Page
    sensor: str

    def send(self, value: str) -> None:
        """Fill in the form and send a reading."""
        self.page.get_by_label("Value", exact=True).fill(value)
        self.page.get_by_label("Sensor", exact=True).fill(self.sensor)
        self.page.get_by_role("button", name="Send reading").click()

    def let_provider(self, behaviour: str) -> None:
        """Set the switch, and wait until it is set for everybody."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/behaviour") and answer.status == 204):
            self.behaviour(behaviour).check()

    def behaviour(self, name: str) -> Locator:
        return self.page.get_by_role("radio", name=name)

    def trail(self, value: str) -> Locator:
        """The row of this sensor's reading of a value."""
        mine = self.page.locator(".trail", has=self.page.get_by_text(f"sensor {self.sensor[:8]}"))
        return mine.filter(has=self.page.locator(".value", has_text=value))

    def expect_stage(self, value: str, stage: str) -> None:
        expect(self.trail(value)).to_have_attribute("data-stage", stage)

    @property
    def headline(self) -> Locator:
        return self.page.locator("#trails-title")

    @property
    def trouble(self) -> Locator:
        return self.page.locator(".trails .trouble")


def alert_page(page: Page) -> AlertPage:
    """The alerts of the open page, on the screen."""
    page.locator("#alerts").scroll_into_view_if_needed()
    page.locator(".trails").scroll_into_view_if_needed()
    return AlertPage(page, str(uuid4()))
