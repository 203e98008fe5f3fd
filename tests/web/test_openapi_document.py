"""The document says what the code does, because it is made from the same structs."""

from typing import Any

import pytest
from django.test import Client

from cqrs.errors import DuplicateRegistration
from cqrs.web.openapi import schema_of
from tests.web.urls import Thing


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer = client.get("/api/schema")
    assert answer.status_code == 200
    parsed: dict[str, Any] = answer.json()
    return parsed


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    schemas = document["components"]["schemas"]

    assert document["openapi"] == "3.1.0"
    assert {f"#/components/schemas/{name}" for name in schemas} >= references(document)


def test_a_struct_is_its_component_with_constraints(document: dict[str, Any]) -> None:
    email = document["components"]["schemas"]["Thing"]["properties"]["email"]

    assert (email["minLength"], email["maxLength"], email["description"]) == (3, 254, "Where to write to")


def test_an_operation_has_its_body_answers_problems_and_tag(document: dict[str, Any]) -> None:
    create = document["paths"]["/api/things"]["post"]

    assert create["operationId"] == "createAThing"
    assert create["tags"] == ["Command (PostgreSQL)"]
    body = create["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Thing"}
    assert [example["value"] for example in body["examples"].values()] == [{"email": "a@example.org"}]
    assert set(create["responses"]) == {"201", "400", "413", "415", "422", "503"}
    assert set(create["responses"]["201"]["headers"]) == {"Location", "ETag", "X-App-Id"}
    problem = create["responses"]["422"]["content"]["application/problem+json"]
    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert [example["value"]["status"] for example in problem["examples"].values()] == [422]


def test_parameters_come_from_the_struct_that_reads_them(document: dict[str, Any]) -> None:
    parameters = {parameter["name"]: parameter for parameter in document["paths"]["/api/things"]["get"]["parameters"]}

    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 10}
    assert parameters["limit"]["in"] == "query"
    assert not parameters["limit"].get("required")
    assert "traceparent" in parameters


def test_a_guarded_change_asks_for_if_match(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/api/things/{number}"]["patch"]["parameters"]

    assert [parameter["required"] for parameter in parameters if parameter["name"] == "If-Match"] == [True]


def test_swagger_ui_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api", headers={"Accept": "text/html"}).content.decode()
    script = client.get("/api?script=").content.decode()

    assert "//" not in page.replace("<!DOCTYPE html>", "")
    assert "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in page
    assert "<script>" not in page
    assert "/api/schema" in script


def test_two_structs_of_one_name_are_noticed() -> None:
    twin = type("Thing", (Thing,), {})

    with pytest.raises(DuplicateRegistration):
        schema_of(twin)
