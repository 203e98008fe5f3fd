"""What somebody may try: setting what is not theirs, forms of other sites, and text that means something to a store."""

import json
from uuid import uuid4

import pytest
from django.test import Client

from tests.bad_input.refused import assert_refused
from tests.services.tickets.offering import (
    CONCERT,
    TICKETS_URL,
    change,
    offer,
    offered,
    signed_in,
    stored_events,
    stored_tickets,
)

THEIR_OWN = {"id": str(uuid4()), "_id": str(uuid4()), "userId": str(uuid4()), "user_id": str(uuid4())}


def test_nobody_chooses_the_id_the_owner_or_the_version_of_a_new_ticket(owner: Client) -> None:
    me = owner.get("/api/users/currentuser").json()["currentUser"]["id"]

    ticket = offer(owner, CONCERT | THEIR_OWN | {"version": 7}).json()

    assert (ticket["userId"], ticket["version"]) == (me, 1)
    assert ticket["id"] not in THEIR_OWN.values()


def test_nobody_gives_a_ticket_away_by_changing_it(owner: Client) -> None:
    ticket = offered(owner)

    changed = change(owner, ticket, {"title": "Opera", "price": "1.00"} | THEIR_OWN, If_Match='"1"').json()

    assert changed == ticket | {"title": "Opera", "price": "1.00", "version": 2}


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize("path", [TICKETS_URL, "/api/users/signup", "/api/users/signin"])
def test_a_form_of_another_site_does_nothing(owner: Client, path: str, media_type: str) -> None:
    body = json.dumps(CONCERT | {"email": "eve@example.org", "password": "correct horse"})

    answer = owner.generic("POST", path, body, content_type=media_type)

    assert_refused(answer, 415)
    assert stored_tickets() == []


@pytest.mark.parametrize("title", ["$price", "$$NOW", '{"$gt": ""}', "$where", "a.b", "'; return true; //"])
def test_text_that_means_something_to_mongodb_is_text(owner: Client, title: str) -> None:
    ticket = offered(owner)

    changed = change(owner, ticket, CONCERT | {"title": title}, If_Match='"1"')

    assert (changed.status_code, changed.json()["title"]) == (200, title)
    assert stored_events()[1]["data"]["title"] == title


def test_the_key_of_somebody_else_s_request_tells_nothing_of_it(owner: Client) -> None:
    first = offer(owner, **{"Idempotency-Key": "key"}).json()

    second = offer(signed_in(), **{"Idempotency-Key": "key"})

    assert (second.status_code, second.has_header("Idempotent-Replayed")) == (201, False)
    assert second.json()["id"] != first["id"]


def test_a_token_is_kept_by_no_cache(owner: Client) -> None:
    assert owner.get("/api/users/currentuser")["Cache-Control"] == "no-store"
