"""The page's delivery tracking in the words of someone who uses it."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

DEMO = "/api/v1/delivery/demo"


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """What one does with users that are published, and what one sees of what has arrived."""

    page: Page

    def publish(self) -> str:
        """Publish a user by its button and return the id of its event."""
        with self.page.expect_response("**/api/v1/users") as answer:
            self.page.get_by_role("button", name="Publish a user").click()
        event: str = answer.value.json()["metadata"]["eventID"]
        return event

    def publish_ten(self) -> None:
        self.page.get_by_role("button", name="Publish 10 users").click()

    def let_mailing(self, way: str) -> None:
        """Set the switch, and wait until it is set for everybody."""
        with self.page.expect_response(lambda answer: answer.url.endswith(DEMO) and answer.status == 204):
            self.way(way).check()

    def way(self, name: str) -> Locator:
        return self.section.get_by_role("radio", name=name)

    def expect_rate(self, title: str) -> None:
        """Wait until the newest window in which something was expected has this rate."""
        expect(self.headline).to_have_text(title)

    def figure(self, name: str) -> Locator:
        return self.section.locator(f'[data-figure="{name}"] dd').first

    def missing(self, event: str) -> Locator:
        """The row of an event in the list of what is missing."""
        return self.section.locator(".missed tbody tr", has_text=event)

    def columns(self, kind: str) -> Locator:
        """The parts of the chart that are `received`, `missing`, `late`, `open` or `empty`."""
        return self.section.locator(f".columns rect.{kind}")

    @property
    def section(self) -> Locator:
        return self.page.locator("#delivery")

    @property
    def headline(self) -> Locator:
        return self.page.locator("#rates-title")

    @property
    def subline(self) -> Locator:
        return self.section.locator(".rates > .subline")

    @property
    def trouble(self) -> Locator:
        return self.section.locator(".rates > .trouble")


def delivery_page(page: Page) -> DeliveryPage:
    """Delivery tracking of the open page, on the screen."""
    page.locator("#delivery").scroll_into_view_if_needed()
    page.locator(".rates").scroll_into_view_if_needed()
    return DeliveryPage(page)
