"""What stands in the data is shown as text, whatever it is."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.run_page import RunPage, forgive_failed_requests

MARKUP = "<img src=x onerror=window.hacked=1>"
RANDOM_USER = "https://randomuser.me/**"


def answer_with(page: Page, *users: dict[str, Any]) -> None:
    info = {"seed": f"hostile-{uuid4()}", "results": len(users), "page": 1, "version": "1.4"}
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route(RANDOM_USER, lambda route: route.fulfill(json={"results": users, "info": info}, headers=headers))


def hacked(page: Page) -> bool:
    return bool(page.evaluate("'hacked' in window"))


def test_markup_in_a_name_is_text(run_page: RunPage) -> None:
    person = {
        "email": "markup@example.com",
        "name": {"title": MARKUP, "first": MARKUP, "last": "<script>window.hacked=1</script>"},
        "location": {"city": MARKUP, "country": "</li></ul><h1>"},
    }
    answer_with(run_page.page, person)

    run_page.generate(1, source="randomuser.me")
    run_page.wait_until_finished()
    run_page.people.first.click()

    expect(run_page.people.first.locator(".name")).to_have_text(f"{MARKUP} <script>window.hacked=1</script>")
    expect(run_page.page.get_by_role("dialog")).to_contain_text(MARKUP)
    assert run_page.page.locator(".person img, dialog img").count() == 0
    assert not hacked(run_page.page)


def test_markup_in_a_refusal_is_text(run_page: RunPage, complaints: list[str]) -> None:
    answer_with(run_page.page, {"email": f"{MARKUP} is no address", "name": {"first": MARKUP}})

    run_page.generate(1, source="randomuser.me")
    run_page.wait_until_finished()
    run_page.failures.get_by_text("The users concerned").click()

    expect(run_page.failures.get_by_label("Failed users")).to_contain_text(MARKUP)
    assert not hacked(run_page.page)
    forgive_failed_requests(complaints)


def test_markup_in_the_answer_of_the_source_is_text(run_page: RunPage) -> None:
    headers = {"Access-Control-Allow-Origin": "*"}
    run_page.page.route(RANDOM_USER, lambda route: route.fulfill(json={"error": MARKUP}, headers=headers))

    run_page.generate(1, source="randomuser.me")

    expect(run_page.page.get_by_role("alert")).to_contain_text(MARKUP)
    assert not hacked(run_page.page)


def test_markup_in_the_address_is_text(page: Page) -> None:
    page.goto(f"/?seed={MARKUP}")

    expect(page.locator("#seed-shown code")).to_have_text(MARKUP)
    assert not hacked(page)


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/x.png", "//elsewhere.example/x.png", "http://randomuser.me/x.png"],
)
def test_a_picture_from_elsewhere_is_not_loaded(run_page: RunPage, outside: list[str], address: str) -> None:
    person = {"email": "ada@example.com", "name": {"first": "Ada", "last": "Byron"}, "picture": {"medium": address}}
    answer_with(run_page.page, person)

    run_page.generate(1, source="randomuser.me")
    run_page.wait_until_finished()

    expect(run_page.people.locator(".face")).to_have_text("AB")
    assert [url for url in outside if not url.startswith("https://randomuser.me/api/")] == []


def test_a_picture_that_does_not_load_gives_way_to_initials(run_page: RunPage, complaints: list[str]) -> None:
    picture = {"medium": "https://randomuser.me/portraits/nobody.jpg"}
    answer_with(
        run_page.page, {"email": "ada@example.com", "name": {"first": "Ada", "last": "Byron"}, "picture": picture}
    )
    run_page.page.route("**/nobody.jpg", lambda route: route.abort())

    run_page.generate(1, source="randomuser.me")

    expect(run_page.people.locator("span.face")).to_have_text("AB")
    forgive_failed_requests(complaints)


@pytest.mark.parametrize(
    ("address", "loaded"),
    [
        ("/static/avatars/men-01.svg", True),
        ("https://randomuser.me/api/portraits/men/1.jpg", True),
        ("javascript:alert(1)", False),
        ("data:image/svg+xml,<svg/>", False),
        ("https://randomuser.me.elsewhere.example/x.png", False),
        ("\\\\elsewhere.example\\x.png", False),
        ("", False),
        (None, False),
        ({"$ne": None}, False),
    ],
)
def test_only_pictures_of_known_hosts_are_safe(modules: Page, address: object, loaded: bool) -> None:
    safe = modules.evaluate(
        "async (address) => (await import('/static/page/picture.js')).safePicture(address, location.origin)", address
    )

    assert (safe is not None) == loaded


def test_a_violation_of_the_policy_would_be_found(run_page: RunPage, complaints: list[str]) -> None:
    run_page.page.evaluate("document.body.setAttribute('style', 'color: red')")

    assert any("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()
