"""For keyboards, screen readers, narrow screens and both themes."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.run_page import RunPage
from tests.running_stack import RunningStack

COLOURS = Path(__file__).parents[2] / "static" / "page" / "foundation.css"
NAMED_ROLES = {
    *("button", "checkbox", "combobox", "dialog", "form", "group", "img", "image", "link", "list"),
    *("navigation", "ProgressIndicator", "progressbar", "radio", "radiogroup", "region", "searchbox", "slider"),
    *("spinbutton", "textbox"),
}
# Lists, groups and pictures may go unnamed: their content speaks.
MAY_GO_UNNAMED = {"list", "group", "img", "image"}


def press_until_focused(page: Page, selector: str, key: str = "Tab", at_most: int = 40) -> None:
    for _ in range(at_most):
        if page.locator(selector).first.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached by {key}")


def accessibility_nodes(page: Page) -> list[dict[str, Any]]:
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")
    return [node for node in tree["nodes"] if not node.get("ignored")]


def nameless(nodes: list[dict[str, Any]]) -> list[str]:
    roles = NAMED_ROLES - MAY_GO_UNNAMED
    return [
        node["role"]["value"]
        for node in nodes
        if node.get("role", {}).get("value") in roles and not node.get("name", {}).get("value", "").strip()
    ]


def test_a_run_needs_no_mouse(run_page: RunPage) -> None:
    page = run_page.page

    press_until_focused(page, "#count")
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    press_until_focused(page, "#generate")
    page.keyboard.press("Enter")
    run_page.wait_until_finished()
    assert page.locator("#generate").evaluate("(one) => one === document.activeElement")
    press_until_focused(page, ".person")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").locator(".journey-steps li")).to_have_count(2)
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.locator(".person").first.evaluate("(one) => one === document.activeElement")


def test_the_first_tab_offers_to_skip_to_the_pipeline(run_page: RunPage) -> None:
    run_page.page.keyboard.press("Tab")
    expect(run_page.page.get_by_role("link", name="Skip to the pipeline")).to_be_focused()

    run_page.page.keyboard.press("Enter")

    expect(run_page.pipeline).to_be_focused()


def test_focus_is_visible_everywhere(run_page: RunPage) -> None:
    page = run_page.page
    unmarked = []
    for _ in range(20):
        page.keyboard.press("Tab")
        unmarked.append(
            page.evaluate(
                """() => {
                  const focused = document.activeElement;
                  const shown = [focused, focused.nextElementSibling].filter(Boolean);
                  const marks = shown.map((one) => getComputedStyle(one));
                  return marks.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
                    ? null : focused.id || focused.className || focused.tagName;
                }"""
            )
        )

    assert [name for name in unmarked if name not in {None, "BODY"}] == []


def test_everything_that_can_be_used_has_a_name(run_page: RunPage) -> None:
    run_page.generate(5)
    run_page.wait_until_finished()

    nodes = accessibility_nodes(run_page.page)

    assert {"button", "link", "radio", "slider", "spinbutton", "textbox"} <= {node["role"]["value"] for node in nodes}
    assert nameless(nodes) == []


def test_a_button_without_a_name_would_be_found(run_page: RunPage) -> None:
    run_page.page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert nameless(accessibility_nodes(run_page.page)) == ["button"]


def test_a_screen_reader_is_told_turns_and_not_users(run_page: RunPage) -> None:
    run_page.page.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelector("#announcer");
          new MutationObserver(() => window.said.push(region.textContent)).observe(region, {childList: true});
        }"""
    )

    run_page.generate(100)
    run_page.wait_until_finished()
    expect(run_page.page.locator("#announcer")).to_contain_text("All 100 users are synchronised")

    said = run_page.page.evaluate("window.said")
    assert 2 <= len(said) <= 8


@pytest.mark.parametrize("width", [360, 820, 1280])
def test_nothing_sticks_out_of_a_screen(run_page: RunPage, width: int) -> None:
    run_page.page.set_viewport_size({"width": width, "height": 800})
    run_page.generate(5)
    run_page.wait_until_finished()

    assert run_page.page.evaluate("document.documentElement.scrollWidth") == width


def test_reduced_motion_is_respected(browser: Browser, stack: RunningStack) -> None:
    with browser.new_context(base_url=stack.base_url, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto("/")
        RunPage(page).generate(200)

        running = page.evaluate("document.getAnimations().length")

        assert running == 0


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *[("ink", ground) for ground in ("ground", "surface", "raised", "saga-wash")],
        *[("ink-soft", ground) for ground in ("ground", "surface", "raised")],
        *[(side, f"{side}-wash") for side in ("command", "saga", "query", "failure")],
        *[(side, "surface") for side in ("command", "query", "failure")],
        ("surface", "ink"),
    ],
)
def test_text_stands_out_from_its_ground(text: str, ground: str, theme: int) -> None:
    pairs = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", COLOURS.read_text())
    colours = {name: (light, dark)[theme] for name, light, dark in pairs}

    lighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
