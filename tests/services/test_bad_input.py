"""Nothing that a purchase cannot be is taken in, kept or sent, and every refusal says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from cqrs.broker import Broker
from tests.bad_input.refused import assert_refused, quickly
from tests.bad_input.test_bodies import UNREADABLE
from tests.services.buying import buy, wanted
from users_query.mongodb import database

TEXT_THAT_IS_NONE: dict[str, Any] = {
    "nothing": None,
    "number": 1,
    "true": True,
    "empty": "",
    "too long": "x" * 201,
    "operator": {"$ne": None},
    "list": ["ada"],
}
WRONG: dict[str, Any] = {
    "no purchase": {},
    "no object": [wanted("ada")],
    "customer missing": {"product": wanted("ada")["product"]},
    "product missing": {"customer": wanted("ada")["customer"]},
    "customer is a text": {**wanted("ada"), "customer": "ada"},
    "product is nothing": {**wanted("ada"), "product": None},
    "field of the customer missing": {**wanted("ada"), "customer": {"id": "ada"}},
    **{
        f"{path} is {name}": {**wanted("ada"), part: {**wanted("ada")[part], field: value}}
        for path in ("customer.id", "customer.authUserId", "product.id", "product.title", "product.slug")
        for part, field in [path.split(".")]
        for name, value in TEXT_THAT_IS_NONE.items()
    },
}


@contextmanager
def nothing_taken_in(broker: Broker) -> Iterator[None]:
    yield
    assert database()["purchases"].count_documents({}) == 0
    assert database()["purchase_requests"].count_documents({}) == 0
    assert broker.store.messages("purchases.new-purchase").count_documents({}) == 0


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_nothing_unreadable_is_taken_in(client: Client, broker: Broker, body: bytes) -> None:
    with nothing_taken_in(broker), quickly():
        assert_refused(buy(client, body, idempotency_key="key-1"), 400, 413)


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_no_wrong_value_is_taken_in(client: Client, broker: Broker, body: object) -> None:
    with nothing_taken_in(broker), quickly():
        assert_refused(buy(client, body, idempotency_key="key-1"), 400)


def test_every_mistake_is_named_at_once(client: Client, broker: Broker) -> None:
    answer = buy(client, {"customer": {"id": ""}, "product": {"id": 5, "title": "Algebra", "slug": "x" * 101}})

    assert {(error["path"], error["code"]) for error in answer.json()["errors"]} == {
        ("customer.id", "length"),
        ("customer.authUserId", "required"),
        ("product.id", "type"),
        ("product.slug", "length"),
    }


def test_another_media_type_or_a_larger_body_is_refused(client: Client, broker: Broker) -> None:
    large = {**wanted("ada"), "note": "x" * 300_000}

    with nothing_taken_in(broker):
        assert_refused(client.post("/api/purchases", b"<a/>", content_type="text/xml"), 415)
        assert_refused(buy(client, large), 413)


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_malformed_key_is_refused(client: Client, broker: Broker, key: str) -> None:
    with nothing_taken_in(broker):
        assert_refused(buy(client, wanted("ada"), idempotency_key=key), 400)


def test_other_methods_and_addresses_are_refused(client: Client) -> None:
    assert_refused(client.delete("/api/purchases"), 405)
    assert_refused(client.get("/api/purchases"), 405)
    assert_refused(client.post("/api/enrolments", {}, content_type="application/json"), 405)
    assert_refused(client.get("/api/purchases/1"), 404)
    assert_refused(client.get("/api/purchases/"), 404)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "student=",
        f"student={'x' * 101}",
        "student=%00",
        "student=%ff",
        "student[$ne]=ada",
        "student=ada&student=bob",
        "student=ada&limit=0",
        "student=ada&limit=201",
        "student=ada&limit=all",
        "student=ada&cursor=",
        f"student=ada&cursor={quote('not a cursor')}",
        "student=ada&cursor=AAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_no_wrong_parameter_of_the_list_is_read(client: Client, query: str) -> None:
    with quickly():
        assert_refused(client.get(f"/api/enrolments?{query}"), 400)


@pytest.mark.parametrize("text", ["$where", "a.b", "\U0001f469\u200d\U0001f680", "'; drop", "{}", "\u2028", "null"])
def test_what_only_looks_dangerous_is_text(client: Client, text: str) -> None:
    body = {"customer": {"id": text, "authUserId": text}, "product": {"id": text, "title": text, "slug": text}}

    answer = buy(client, body)
    found = client.get(answer["Location"])

    assert answer.status_code == 201
    assert found.json() == answer.json()
    assert answer.json().items() > body.items()
