"""What browsers may do with our answers is said on every one of them."""

import pytest
from django.test import Client

from cqrs.web.security_headers import API_POLICY, PAGE_POLICY, SWAGGER_POLICY, add_static_headers


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/", PAGE_POLICY), ("/api", SWAGGER_POLICY), ("/api/things", API_POLICY), ("/api/nothing", API_POLICY)],
)
def test_each_kind_of_answer_has_its_policy(client: Client, path: str, policy: str) -> None:
    answer = client.get(path)

    assert answer["Content-Security-Policy"] == policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_no_policy_allows_inline_scripts_or_another_origin_s_scripts() -> None:
    for policy in (PAGE_POLICY, SWAGGER_POLICY):
        directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
        assert directives["default-src"] == "'none'"
        assert directives["script-src"] == "'self'"
        assert directives["frame-ancestors"] == "'none'"


def test_api_answers_are_not_cached(client: Client) -> None:
    assert client.get("/api/things")["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("path", "policy"), [("static/root/index.html", PAGE_POLICY), ("static/app.js", API_POLICY)])
def test_files_get_the_same_headers(path: str, policy: str) -> None:
    headers: dict[str, str] = {}

    add_static_headers(headers, path, "/")

    assert headers["Content-Security-Policy"] == policy
    assert headers["X-Content-Type-Options"] == "nosniff"
