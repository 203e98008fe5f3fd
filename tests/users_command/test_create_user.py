"""`POST /api/v1/user-command` stores a user and its event, says where it is, and says it only after the commit."""

from datetime import datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.uuid7 import moment_of
from tests.threads import in_threads
from tests.users_command.stored import NOTHING, count, counts, newest_profile, rows
from tests.users_command.user_requests import created, post_user, read_events, read_user

ADA = {"email": "ada@example.org"}


def test_only_an_email_is_needed(client: Client) -> None:
    answer = post_user(client, ADA, seed="first run")

    assert answer.status_code == 201
    body = answer.json()
    assert list(body) == ["id", "email", "seed", "appId", "status", "version", "createdAt"]
    assert (body["email"], body["seed"], body["status"], body["version"]) == (
        "ada@example.org",
        "first run",
        "CREATED",
        1,
    )
    assert counts() == NOTHING | {"prm_user": 1, "cqrs_event": 1}


def test_the_answer_says_where_the_user_is_which_version_it_has_and_who_took_it_in(client: Client) -> None:
    answer = post_user(client, ADA)

    user_id = answer.json()["id"]
    assert answer["Location"] == f"/api/v1/user-command/{user_id}"
    assert answer["ETag"] == '"1"'
    assert answer["X-App-Id"] == answer.json()["appId"] == "STANDALONE"
    followed = client.get(answer["Location"])
    assert (followed.status_code, followed.json()["email"], followed["ETag"]) == (200, "ada@example.org", '"1"')


def test_ids_are_uuids_of_version_7_that_hold_the_time_of_creation(client: Client) -> None:
    body = post_user(client, ADA).json()

    user_id = UUID(body["id"])
    assert user_id.version == 7
    assert moment_of(user_id) == datetime.fromisoformat(body["createdAt"])


def test_the_answer_is_sent_after_the_commit(client: Client) -> None:
    """Another connection, which sees only what is committed, finds the user."""
    user_id = created(client, ADA)

    (found,) = in_threads([lambda: rows("select email from prm_user where id = %s", user_id)])

    assert found == [("ada@example.org",)]


def test_a_trace_is_stored_with_the_event(client: Client) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = post_user(client, ADA, traceparent=traceparent)

    (event,) = read_events(client, answer.json()["id"]).json()["events"]

    assert event["traceparent"] == answer["traceparent"]
    assert event["traceparent"].split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    assert (event["stage"], event["type"], event["version"]) == ("CREATED", "users.user_created.v1", 1)
    assert (event["appId"], event["seed"]) == ("STANDALONE", "run-1")


@pytest.mark.parametrize("seed", ["x", "ü" * 64, "a b/c?d&e", "null", "$where", "🐙"])
def test_a_seed_is_any_text_of_1_to_64_characters(client: Client, seed: str) -> None:
    answer = client.post("/api/v1/user-command", ADA, content_type="application/json", query_params={"seed": seed})

    assert answer.status_code == 201
    assert answer.json()["seed"] == seed
    assert rows("select seed from prm_user") == [(seed,)]


@pytest.mark.parametrize(
    "query", ["", "?seed=", f"?seed={'x' * 65}", "?seed=a&seed=b", "?seed=%00", "?seed=%ff", "?SEED=x"]
)
def test_no_seed_or_a_wrong_one_is_refused(client: Client, query: str) -> None:
    answer = client.post(f"/api/v1/user-command{query}", ADA, content_type="application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert counts() == NOTHING


def test_every_reason_for_a_refusal_is_named_at_once(client: Client) -> None:
    user = {
        "email": "nobody",
        "name": {"first": 5},
        "location": {"coordinates": {"latitude": "91", "longitude": "NaN"}, "postcode": [1]},
        "login": {"uuid": "no uuid"},
        "dob": {"date": "yesterday"},
        "picture": {"large": "javascript:alert(1)"},
    }

    answer = post_user(client, user)

    assert answer.status_code == 400
    assert {error["path"] for error in answer.json()["errors"]} == {
        "email",
        "name.first",
        "location.coordinates.latitude",
        "location.coordinates.longitude",
        "location.postcode",
        "login.uuid",
        "dob.date",
        "picture.large",
    }
    assert counts() == NOTHING


def test_unknown_keys_are_ignored_at_every_level(client: Client) -> None:
    user = {
        "email": "a@example.org",
        "unknown": {"deep": [1]},
        "name": {"first": "A", "middle": "B"},
        "$set": 1,
        "a.b": 2,
    }

    user_id = created(client, user)

    assert read_user(client, user_id).json()["name"] == {"first": "A"}
    (data,) = rows("select data::text from cqrs_event")[0]
    assert "unknown" not in data
    assert "middle" not in data


def test_text_that_looks_like_an_operator_is_stored_as_text(client: Client) -> None:
    user = {
        "email": "$email@example.org",
        "name": {"first": "$name", "last": "'; drop table prm_user; --"},
        "nat": "%s",
    }

    user_id = created(client, user)

    assert read_user(client, user_id).json()["name"] == {"first": "$name", "last": "'; drop table prm_user; --"}
    assert newest_profile(user_id).nat == "%s"


@pytest.mark.parametrize(
    ("sent", "kept"), [(8000, "8000"), ("08000", "08000"), ("SW1A 1AA", "SW1A 1AA"), (0, "0"), (-1, "-1")]
)
def test_a_postcode_is_kept_as_text(client: Client, sent: object, kept: str) -> None:
    user_id = created(client, {**ADA, "location": {"postcode": sent}})

    assert read_user(client, user_id).json()["location"] == {"postcode": kept}
    assert rows("select postcode from prm_user_location") == [(kept,)]


def test_an_empty_part_is_as_good_as_none(client: Client) -> None:
    user_id = created(
        client, {**ADA, "name": {}, "location": {"street": {}}, "login": {"password": "x"}, "picture": None}
    )

    assert set(read_user(client, user_id).json()) == {
        "id",
        "email",
        "seed",
        "appId",
        "status",
        "version",
        "createdAt",
        "updatedAt",
    }
    assert counts() == NOTHING | {"prm_user": 1, "cqrs_event": 1}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1990-12-10T08:30:00.123456Z", "1990-12-10T08:30:00.123Z"),
        ("1990-12-10T08:30:00+05:30", "1990-12-10T03:00:00.000Z"),
        ("0002-01-01T00:00:00Z", "0002-01-01T00:00:00.000Z"),
        ("0001-12-31T23:00:00-01:00", "0002-01-01T00:00:00.000Z"),
        ("9998-12-31T23:59:59.999Z", "9998-12-31T23:59:59.999Z"),
        ("9999-01-01T09:59:59+10:00", "9998-12-31T23:59:59.000Z"),
    ],
)
def test_a_date_is_kept_in_utc_to_the_millisecond(client: Client, sent: str, kept: str) -> None:
    user_id = created(client, {**ADA, "dob": {"date": sent, "age": 3}})

    assert read_user(client, user_id).json()["dob"] == {"date": kept}


@pytest.mark.parametrize(
    "date",
    [
        "0001-01-01T00:00:00+23:59",
        "0002-01-01T00:00:00+00:01",
        "9998-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59-23:59",
        "9999-12-31T23:59:59.9999999Z",
        "0000-01-01T00:00:00Z",
        "1990-02-30T00:00:00Z",
        "1990-12-10T08:30:00",
        "1990-12-10",
        "١٩٩٠-12-10T08:30:00Z",
        "",
        0,
    ],
)
def test_a_date_that_not_every_store_and_offset_can_show_is_refused(client: Client, date: object) -> None:
    answer = post_user(client, {**ADA, "registered": {"date": date}})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["registered.date"]
    assert count("cqrs_event") == 0


def test_a_user_and_its_event_are_stored_by_one_statement(client: Client) -> None:
    """It is a transaction by itself: whatever is killed, there is never one of them without the other."""
    with CaptureQueriesContext(connection) as statements:
        post_user(client, ADA)

    assert len(statements) == 1
    assert counts() == NOTHING | {"prm_user": 1, "cqrs_event": 1}
