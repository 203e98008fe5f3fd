"""The OpenAPI document is valid, complete, and its examples are what the operations take and answer."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from cqrs.web.api_view import ApiView
from cqrs.web.validation import validate
from users_command.examples import USER
from users_command.serializers import UserIn, profile_from

METHODS = {"get", "put", "post", "patch", "delete"}
SIDES = {
    "api/v1/user-command": "Command (PostgreSQL)",
    "api/v1/user-stats": "Command (PostgreSQL)",
    "api/v1/user-query": "Query (MongoDB)",
    "api/v1/sample-users": "Sample data (no store)",
    "api/purchases": "Purchases (MongoDB and the broker)",
    "api/enrolments": "Classroom (MongoDB and the broker)",
    "data": "Sensor data (MongoDB)",
    "sensors": "Sensor data (MongoDB)",
    "alerts": "Notifications (MongoDB and the broker)",
    "api/v1/provider": "Alert provider (MongoDB)",
    "api/tickets": "Tickets (MongoDB and NATS)",
    "api/users": "Accounts (MongoDB)",
    "api/v1/outboxes": "Outboxes (MongoDB)",
    "api/orders": "Orders (MongoDB and NATS)",
    "api/v1/delivery/": "Delivery (MongoDB and the broker)",
    "api/v1/users": "Delivery (MongoDB and the broker)",
}
# They need no store.
ALWAYS_THERE = {
    "get /api/v1/sample-users": {"400"},
    "get /api/v1/delivery/rules": set(),
    "post /api/users/signout": set(),
    "get /api/users/currentuser": set(),
}

Operation = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    answer = Client().get("/api/schema")
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


@pytest.fixture
def operations(document: dict[str, Any]) -> dict[str, Operation]:
    """By method and path: `get /api/v1/user-query`."""
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def contents(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of an operation, with the media type and its schema and examples."""
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            yield f"{status} {media_type}", content
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {media_type}", content


def test_it_is_a_valid_document_of_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_making_it_warns_of_nothing() -> None:
    GENERATOR_STATS.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]

    assert not GENERATOR_STATS, "drf-spectacular noticed collisions or gaps"


def test_every_api_view_is_in_it(operations: dict[str, Operation]) -> None:
    documented = {key.split(" ", 1)[1] for key in operations}
    patterns = [pattern for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)]
    views = {
        "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        for pattern in patterns
        if issubclass(getattr(pattern.callback, "cls", object), ApiView)
    }

    assert views - documented == {"/api/schema"}


def test_every_operation_names_its_side_and_says_what_it_does(operations: dict[str, Operation]) -> None:
    for key, operation in operations.items():
        path = key.split(" /", 1)[1]
        (side,) = {tag for prefix, tag in SIDES.items() if path.startswith(prefix)}
        assert operation["tags"] == [side], key
        assert operation["summary"], key
        assert operation["description"], key


def test_operation_ids_are_unique_and_readable(operations: dict[str, Operation]) -> None:
    ids = [operation["operationId"] for operation in operations.values()]

    assert len(set(ids)) == len(ids) == 48
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+){1,5}", name) for name in ids), ids


def test_every_operation_has_an_example_of_each_body_it_takes_and_answers(operations: dict[str, Operation]) -> None:
    for key, operation in operations.items():
        for body, content in contents(operation):
            assert content.get("examples"), f"{key}: {body}"


def test_every_operation_lists_what_can_go_wrong(operations: dict[str, Operation]) -> None:
    for key, operation in operations.items():
        failing = {status for status in operation["responses"] if status >= "400"}
        expected = set(ALWAYS_THERE.get(key, {"503"}))
        # Any sensor has a valid range.
        if "_id}" in key and "valid-range" not in key:
            expected |= {"404"}
        if "requestBody" in operation:
            expected |= {"400", "413", "415"}
        headers = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
        if "Idempotency-Key" in headers and key.startswith(("post", "patch")):
            expected |= {"422"}
        if key.startswith(("post", "patch")) and "user-command" in key:
            expected |= {"409"}
        if key.startswith(("patch", "delete")) and "user-command" in key:
            expected |= {"412", "428"}
        assert failing >= expected, key
        for status in failing:
            assert set(operation["responses"][status]["content"]) == {"application/problem+json"}


def test_every_example_fits_its_schema(document: dict[str, Any], operations: dict[str, Operation]) -> None:
    checked = 0
    for key, operation in operations.items():
        for body, content in contents(operation):
            validator = OAS31Validator({**content["schema"], "components": document["components"]})
            for name, example in content["examples"].items():
                errors = [error.message for error in validator.iter_errors(example["value"])]
                assert errors == [], f"{key}: {body}: {name}"
                checked += 1

    assert checked > 40


def test_the_user_of_the_examples_is_accepted(client: Client) -> None:
    assert profile_from(validate(USER, UserIn)).email == USER["email"]


def test_the_answers_of_the_real_operations_fit_the_document(
    clean_stores: None, client: Client, document: dict[str, Any], operations: dict[str, Operation]
) -> None:
    created = client.post("/api/v1/user-command?seed=s", USER, content_type="application/json")
    path = created["Location"]
    answers = {
        ("post /api/v1/user-command", created),
        ("post /api/v1/user-command", client.post("/api/v1/user-command", {}, content_type="application/json")),
        (
            "post /api/v1/user-command/bulk",
            client.post("/api/v1/user-command/bulk?seed=s", [USER, {}], content_type="application/json"),
        ),
        ("get /api/v1/user-command/{user_id}", client.get(path)),
        ("get /api/v1/user-command/{user_id}/events", client.get(f"{path}/events")),
        ("get /api/v1/user-stats", client.get("/api/v1/user-stats")),
        ("get /api/v1/user-query", client.get("/api/v1/user-query")),
        ("get /api/v1/user-query/email", client.get("/api/v1/user-query/email?email=x")),
        ("get /api/v1/sample-users", client.get("/api/v1/sample-users?results=3")),
    }

    for key, answer in answers:
        content = operations[key]["responses"][str(answer.status_code)]["content"][answer["Content-Type"]]
        validator = OAS31Validator({**content["schema"], "components": document["components"]})
        assert [error.message for error in validator.iter_errors(answer.json())] == [], key
