"""A request's line says which user and event it was about, under the ids of the request, and nothing of the data."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from cqrs.web.json_logs import JsonFormatter
from tests.users_command.user_requests import (
    created,
    delete_user,
    new_client,
    patch_user,
    post_user,
    post_users,
    read_events,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
IDS = {"X-Request-Id": "request-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
ADA = {"email": "ada@example.org", "name": {"first": "Ada"}}

Lines = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.usefixtures("clean_stores")


@pytest.fixture
def client() -> Client:
    return new_client()


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The JSON lines of requests, as they go to standard error."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("cqrs.web.access")
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_a_creation_names_its_request_trace_user_and_event(client: Client, lines: Lines) -> None:
    answer = client.post("/api/v1/user-command?seed=s", ADA, content_type="application/json", headers=IDS)

    user_id = answer.json()["id"]
    (event,) = read_events(client, user_id).json()["events"]
    line = lines()[0]
    assert line["message"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("POST", "api/v1/user-command", 201)
    assert (line["request_id"], line["trace_id"]) == ("request-1", TRACE)
    assert (line["user_id"], line["event_id"]) == (user_id, event["eventId"])
    assert line["app_id"] == "STANDALONE"


def test_changes_and_deletions_name_their_events(client: Client, lines: Lines) -> None:
    user_id = created(client, ADA)
    patch_user(client, user_id, {"nat": "DK"})
    delete_user(client, user_id, '"2"')

    created_line, patched, deleted = lines()

    events = [event["eventId"] for event in read_events(client, user_id).json()["events"]]
    assert [line["event_id"] for line in (created_line, patched, deleted)] == events
    assert {line["user_id"] for line in (created_line, patched, deleted)} == {user_id}


def test_reads_of_both_sides_name_the_user(client: Client, lines: Lines) -> None:
    user_id = created(client, ADA)
    client.get(f"/api/v1/user-command/{user_id}")
    client.get(f"/api/v1/user-query/{user_id}")

    assert [line["user_id"] for line in lines()] == [user_id] * 3


def test_a_replay_names_the_user_that_was_there(client: Client, lines: Lines) -> None:
    login = {"uuid": "9a723211-0e87-41f1-b1e4-ed1a15226b80"}
    user_id = created(client, {**ADA, "login": login})
    post_user(client, {**ADA, "login": login})

    replay = lines()[1]

    assert (replay["user_id"], "event_id" in replay) == (user_id, False)


def test_a_bulk_says_how_many(client: Client, lines: Lines) -> None:
    post_users(client, [ADA, ADA, {"email": 5}])

    (line,) = lines()
    assert (line["users_created"], line["users_rejected"]) == (2, 1)


def test_no_line_holds_what_was_sent(client: Client, lines: Lines) -> None:
    user_id = created(client, ADA, seed="personal-seed")
    patch_user(client, user_id, {"name": {"first": "Adeline"}})
    client.get("/api/v1/user-query/email?email=ada@example.org")
    client.get("/api/v1/user-query?email=ada@example.org")
    post_user(client, {"email": "refused", "name": 5})

    text = json.dumps(lines())
    assert not any(word in text for word in ("ada@example.org", "Ada", "Adeline", "personal-seed", "refused"))
