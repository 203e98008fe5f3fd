"""`POST /api/v1/users` publishes a user, which both subscriptions receive unless one is told not to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cqrs.delivery.ledger import PUBLISH_RECORDS, Ledger
from cqrs_project.delivery_service import Demonstration
from cqrs_project.services import prepare_services
from tests.services.delivery.receiving import receivers
from tests.waiting import wait_until

TRACE = "7ac5a053-ce16-4f10-8cac-519a381fc5f9"


def post(client: Client, body: Any = None, **headers: str) -> Any:
    if body is None:
        return client.generic("POST", "/api/v1/users", headers=headers)
    return client.post("/api/v1/users", body, content_type="application/json", headers=headers)


def test_without_a_body_somebody_is_published(client: Client, ledger: Ledger) -> None:
    answer = post(client, **{"Cloud-Trace-Context": f"{TRACE}/0;o=0"})

    published = answer.json()
    assert answer.status_code == 201
    assert (published["payload"]["name"], published["payload"]["age"]) == ("Zakk Wylde", 18)
    assert published["traceID"] == TRACE
    assert published["metadata"]["Cloud-Trace-Context"].startswith(f"{TRACE}/")
    assert published["metadata"]["Options"] == "{}"
    (record,) = ledger.collection(PUBLISH_RECORDS).find()
    assert (record["eventID"], record["traceID"]) == (published["metadata"]["eventID"], TRACE)
    assert record["topic"] == "create-user"


def test_a_user_is_published_as_given(client: Client) -> None:
    answer = post(client, {"name": "Ada", "age": 36, "gender": "female"})

    assert answer.status_code == 201
    payload = answer.json()["payload"]
    assert UUID(payload.pop("userId"))
    assert payload == {"name": "Ada", "age": 36, "gender": "female"}


@pytest.mark.parametrize(
    "body", [{}, [], {"name": "", "age": 1, "gender": "x"}, {"name": "A", "age": -1, "gender": "x"}]
)
def test_what_is_no_user_is_refused(client: Client, body: Any) -> None:
    assert post(client, body).status_code == 400


def test_options_go_with_the_message(client: Client) -> None:
    options = '{"locale": "en-GB", "tags": ["a", 1]}'

    metadata = post(client, Options=options).json()["metadata"]

    assert metadata["Options"] == options


@pytest.mark.parametrize(
    "options", ["", "{", "{'a': 1}", '{"a": NaN}', '{"a": 1, "a": 2}', '"\\u0000"', '"ü"', "1" * 1001]
)
def test_what_are_no_options_is_refused(client: Client, ledger: Ledger, options: str) -> None:
    answer = post(client, Options=options)

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["Options"]
    assert ledger.collection(PUBLISH_RECORDS).count_documents({}) == 0


def test_a_repeated_request_publishes_once(client: Client, ledger: Ledger) -> None:
    first = post(client, {"name": "Ada", "age": 36, "gender": "female"}, **{"Idempotency-Key": "key-1"})
    again = post(client, {"name": "Ada", "age": 36, "gender": "female"}, **{"Idempotency-Key": "key-1"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    (record,) = ledger.collection(PUBLISH_RECORDS).find()
    assert record["eventID"] == first.json()["metadata"]["eventID"]


def test_many_repeated_requests_at_once_publish_once(client: Client, ledger: Ledger) -> None:
    def repeat(_: int = 0) -> Any:
        return post(client, **{"Idempotency-Key": "key-1"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(repeat, range(8)))
    # Who had to wait for too long comes back later.
    wait_until(lambda: repeat().status_code == 201, "it is answered")

    assert {answer.status_code for answer in answers} <= {201, 503}
    events = {answer.json()["metadata"]["eventID"] for answer in (*answers, repeat()) if answer.status_code == 201}
    assert [{record["eventID"]} for record in ledger.collection(PUBLISH_RECORDS).find()] == [events]


def test_a_key_is_for_one_request(client: Client, ledger: Ledger) -> None:
    post(client, {"name": "Ada", "age": 36, "gender": "female"}, **{"Idempotency-Key": "key-1"})

    other = post(client, {"name": "Bob", "age": 36, "gender": "male"}, **{"Idempotency-Key": "key-1"})

    assert other.status_code == 422
    assert ledger.collection(PUBLISH_RECORDS).count_documents({}) == 1


def test_both_subscriptions_expect_the_first_user_before_anybody_has_subscribed(client: Client, ledger: Ledger) -> None:
    prepare_services()

    event = post(client).json()["metadata"]["eventID"]

    (record,) = ledger.collection(PUBLISH_RECORDS).find({"eventID": event})
    assert record["subscriptions"] == ["counting", "mailing"]


def test_both_subscriptions_receive_it(client: Client, ledger: Ledger, demonstration: Demonstration) -> None:
    event = post(client).json()["metadata"]["eventID"]

    wait_until(lambda: receivers(ledger, event) == {"mailing", "counting"}, "both have received it")


@pytest.mark.parametrize("way", ["fail", "slow"])
def test_one_can_be_told_to_fail_or_to_be_slow(
    client: Client, ledger: Ledger, demonstration: Demonstration, way: str
) -> None:
    told = client.post("/api/v1/delivery/demo", {"behaviour": way}, content_type="application/json")

    event = post(client).json()["metadata"]["eventID"]
    wait_until(lambda: receivers(ledger, event), "one has received it")

    assert told.status_code == 204
    assert client.get("/api/v1/delivery/demo").json() == {"behaviour": way}
    assert receivers(ledger, event) == {"counting"}


def test_no_other_behaviour_is_known(client: Client) -> None:
    answer = client.post("/api/v1/delivery/demo", {"behaviour": "sleep"}, content_type="application/json")

    assert answer.status_code == 400
