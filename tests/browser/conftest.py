"""A real browser on the real stack. Whatever a page complains about fails its test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.run_page import RunPage
from tests.running_stack import RunningStack

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 60_000


# Not for the session: as long as Playwright runs, this thread counts as asynchronous to Django, which then refuses to
# reach its database.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        # Tests run as root in containers, where chromium's own sandbox cannot start.
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """Console errors (violations of the content security policy among them) and uncaught exceptions of the page.

    A test that provokes some takes them out; what is left at the end fails it.
    """
    return []


@pytest.fixture
def outside() -> list[str]:
    """The addresses beyond the stack that the page asked for; none of them is reached."""
    return []


@pytest.fixture
def page(browser: Browser, stack: RunningStack, complaints: list[str], outside: list[str]) -> Iterator[Page]:
    """A fresh page without internet, that is not open anywhere yet."""
    with _page(browser, stack, complaints, outside) as page:
        yield page


@pytest.fixture(scope="module")
def modules(browser: Browser, stack: RunningStack) -> Iterator[Page]:
    """The page, open, for those who only ask its modules and leave nothing on it: a module of tests shares it."""
    with _page(browser, stack, [], []) as page:
        page.goto("/")
        yield page


@pytest.fixture
def run_page(page: Page) -> RunPage:
    """The page, open."""
    page.goto("/")
    return RunPage(page)


@contextmanager
def _page(browser: Browser, stack: RunningStack, complaints: list[str], outside: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=stack.base_url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    context.route(lambda url: not url.startswith(stack.base_url), lambda route: route.abort())
    page = context.new_page()
    page.on("request", lambda request: outside.append(request.url) if _leaves(request.url, stack) else None)
    page.on("console", lambda message: _keep(message, complaints))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _leaves(url: str, stack: RunningStack) -> bool:
    return not url.startswith((stack.base_url, "data:", "blob:"))


def _keep(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in {"error", "warning"}:
        complaints.append(message.text)
