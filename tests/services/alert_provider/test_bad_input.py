"""Nothing is taken that is not signed or no text, and every refusal says why."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from services.alert_provider.provider import alert_provider, new_alert_provider
from tests.bad_input.refused import assert_refused
from tests.bad_input.test_bodies import UNREADABLE
from tests.services.alert_provider.telling import ID, listed, put, signed, tell
from users_query.mongodb import database

BODY = json.dumps({"text": "The roof is on fire"}).encode()

Headers = dict[str, str]
UNSIGNED: dict[str, tuple[Callable[[Headers], Headers], str]] = {
    "nothing": (lambda _: {}, "webhook-id"),
    "no id": (lambda good: good | {"webhook-id": ""}, "webhook-id"),
    "an id beyond bounds": (lambda good: good | {"webhook-id": "x" * 256}, "webhook-id"),
    "another id": (lambda good: good | {"webhook-id": "other"}, "webhook-signature"),
    "no time": (lambda good: good | {"webhook-timestamp": "now"}, "webhook-timestamp"),
    "digits beyond bounds": (lambda good: good | {"webhook-timestamp": "9" * 5000}, "webhook-timestamp"),
    "another time": (
        lambda good: good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)},
        "webhook-signature",
    ),
    "recorded and sent again": (lambda _: signed(BODY, age=301), "webhook-timestamp"),
    "from the future": (lambda _: signed(BODY, age=-302), "webhook-timestamp"),
    "no signature": (lambda good: good | {"webhook-signature": ""}, "webhook-signature"),
    "another version": (
        lambda good: good | {"webhook-signature": good["webhook-signature"].replace("v1,", "v2,")},
        "webhook-signature",
    ),
    "another secret": (lambda _: signed(BODY, key=b"another key of some length"), "webhook-signature"),
    "another body": (lambda _: signed(BODY + b" "), "webhook-signature"),
    "no key": (lambda good: {name: good[name] for name in good if name != "Idempotency-Key"}, "Idempotency-Key"),
    "a key that is not signed": (lambda good: good | {"Idempotency-Key": "other"}, "Idempotency-Key"),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_what_is_not_signed_is_refused(client: Client, name: str) -> None:
    alter, header = UNSIGNED[name]

    answer = put(client, BODY, alter(signed(BODY)))

    assert_refused(answer, 400)
    assert [error["path"] for error in answer.json()["errors"]] == [header]
    assert listed(client)["items"] == []


def test_one_signature_of_several_is_enough(client: Client) -> None:
    headers = signed(BODY)
    headers["webhook-signature"] = f"v1,b2xk v1a,xyz {headers['webhook-signature']}"

    assert put(client, BODY, headers).status_code == 204


def test_without_a_secret_nothing_is_taken(client: Client) -> None:
    alert_provider.open(new_alert_provider(database(), None))

    answer = put(client, BODY, signed(BODY, key=b""))

    assert_refused(answer, 400)
    assert listed(client)["items"] == []


@pytest.mark.parametrize("text", [None, 1, "", ["x"], {"$gt": ""}, "x" * 2001], ids=str)
def test_no_text(client: Client, text: object) -> None:
    assert_refused(tell(client, text), 400)
    assert listed(client)["items"] == []


@pytest.mark.parametrize("name", UNREADABLE)
def test_no_json(client: Client, name: str) -> None:
    body = UNREADABLE[name]

    # Some are beyond bounds, too.
    assert_refused(put(client, body, signed(body)), 400, 413)


def test_a_body_beyond_bounds_is_refused(client: Client) -> None:
    body = json.dumps({"text": "x", "more": "x" * 16 * 1024}).encode()

    assert_refused(put(client, body, signed(body)), 413)


def test_a_text_may_hold_any_character(client: Client) -> None:
    text = "$where <script>alert(1)</script> \u202e\U0001f525 'x' \\"

    tell(client, text)

    (taken,) = listed(client)["items"]
    assert (taken["id"], taken["text"]) == (ID, text)
