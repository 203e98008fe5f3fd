"""Whatever goes wrong, the client gets one kind of document, and the log what the client must not see."""

import json
import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings

from cqrs.errors import DuplicateRegistration, Unavailable
from cqrs.web import problem
from cqrs.web.errors import Unauthorized
from cqrs.web.problem import ProblemType, problem_type_of, register_problem


class Strange(Exception):
    pass


class StrangerStill(Strange):
    pass


def assert_problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{slug}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_an_invalid_body_names_every_reason(client: Client) -> None:
    answer = client.post("/api/things", {"email": "", "age": -1}, content_type="application/json")

    document = assert_problem(answer, 400, "invalid-request")
    assert document["instance"] == "/api/things"
    assert [(error["path"], error["code"]) for error in document["errors"]] == [("email", "length"), ("age", "range")]


def test_an_unavailable_store_is_503_with_a_time_to_come_back(client: Client) -> None:
    answer = client.get("/api/fail/unavailable")

    assert_problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "3"


def test_an_unexpected_error_is_500_and_only_the_log_knows_more(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/api/fail/unexpectedly?email=someone@example.org")

    document = assert_problem(answer, 500, "unexpected")
    assert "unexpectedly" not in document["detail"]
    (record,) = [record for record in caplog.records if record.message == "unexpected error"]
    assert record.exc_info is not None
    assert record.levelno == logging.ERROR
    assert "someone@example.org" not in str(vars(record))


def test_an_unexpected_error_outside_rest_framework_is_a_problem_too(client: Client) -> None:
    answer = client.get("/?fail=1", headers={"Accept": "application/json"})

    assert_problem(answer, 500, "unexpected")


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/api/things/abc", "/%00", "/api/%FF"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_an_unknown_address_is_404_for_whoever_asks(client: Client, path: str, accept: str) -> None:
    answer = client.get(path, headers={"Accept": accept})

    assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize(("method", "path"), [("put", "/api/things"), ("options", "/api/things"), ("post", "/livez")])
def test_a_method_that_is_not_there_is_405_and_says_which_are(client: Client, method: str, path: str) -> None:
    answer = getattr(client, method)(path)

    assert_problem(answer, 405, "method-not-allowed")
    assert "GET" in answer["Allow"]


@override_settings(ALLOWED_HOSTS=["only.example"], MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
def test_what_django_finds_suspicious_is_400_without_its_words(client: Client) -> None:
    answer = client.get("/api/things", headers={"Host": "other.example"})

    document = assert_problem(answer, 400, "invalid-request")
    assert "other.example" not in document["detail"]


@override_settings(DEBUG=True)
def test_debug_mode_shows_its_pages_to_browsers_and_never_to_the_api(client: Client) -> None:
    api = client.get("/api/nothing", headers={"Accept": "text/html"})
    browser = client.get("/nothing", headers={"Accept": "text/html"})

    assert_problem(api, 404, "not-found")
    assert browser["Content-Type"].startswith("text/html")


def test_a_registered_exception_is_answered_as_registered_and_so_are_its_heirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem, "_problem_types", dict(problem._problem_types))
    strange = ProblemType("strange", 409, "Strange")

    register_problem(Strange, strange)

    assert problem_type_of(StrangerStill()) is strange
    assert problem_type_of(Exception()) is problem.UNEXPECTED


def test_an_exception_has_one_answer_only() -> None:
    with pytest.raises(DuplicateRegistration):
        register_problem(Unavailable, ProblemType("other", 500, "Other"))


def test_whoever_is_refused_for_want_of_a_token_is_told_how_to_show_one() -> None:
    refused = problem.problem_response(RequestFactory().get("/"), Unauthorized("Sign in first."))

    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == "Bearer"
    assert json.loads(refused.content)["type"] == "/problems/unauthorized"
