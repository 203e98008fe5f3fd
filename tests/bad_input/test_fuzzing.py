"""Whatever JSON or parameter is made up: no failure of ours, and what one store took in the other one holds as well."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bad_input.refused import assert_refused, nothing_stored
from tests.clean import empty_stores
from tests.users_command.stored import count, newest_profile, rows
from tests.users_command.user_requests import created, new_client, patch_user, post_user, post_users
from tests.users_query.projecting import project_everything
from users_command.state import read_state

# The stores are emptied before a test, not before an example.
FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

# Text that one of the parties might trip over: parsers, PostgreSQL, MongoDB, regular expressions, logs.
LEGAL = [
    "",
    "\U0001f469\u200d\U0001f680",
    "\x7f",
    "\u2028",
    "\ufeff",
    "\uffff",
    "\u202e",
    "i\u0307",
    "\n",
    "\r\n",
    "٣",
    "'",
]
LEGAL += ["$email", "$$ROOT", "a.b", "..", "%s", "%(id)s", "{}", "\\u0000", '"', "\\", "null", "NaN", "1e400", "true"]
NASTY = st.sampled_from([*LEGAL, "\0", "\ud800", "\udfff", "x" * 300])
LEGAL_TEXT = st.sampled_from(LEGAL) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
TEXT = NASTY | st.text(st.characters(), max_size=20)
NUMBERS = st.sampled_from([0, -0.0, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**53 + 1, 10**400, 1e308, 5e-324]) | (
    st.integers() | st.floats()
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
DATES = st.datetimes().map(datetime.isoformat)
OFFSETS = st.sampled_from(["Z", "+14:00", "-12:00", "+23:59", "-23:59", "+24:00", ""])


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with any of these fields, each as it should be or as anything else."""
    return st.fixed_dictionaries({}, optional={name: field | JSON for name, field in fields.items()})


DATE = part(date=st.builds(str.__add__, DATES, OFFSETS), age=st.integers(0, 99))
USER = st.fixed_dictionaries(
    {"email": st.emails() | TEXT},
    optional={
        "gender": TEXT | JSON,
        "name": part(title=TEXT, first=TEXT, last=TEXT),
        "location": part(
            street=part(number=NUMBERS, name=TEXT),
            city=TEXT,
            postcode=NUMBERS | TEXT,
            coordinates=part(latitude=st.floats(-95, 95).map(str), longitude=st.floats(-190, 190).map("{:.4f}".format)),
            timezone=part(offset=TEXT, description=TEXT),
        ),
        "id": part(name=TEXT, value=TEXT | st.none()),
        "login": part(uuid=st.uuids().map(str), username=TEXT, password=TEXT),
        "dob": DATE,
        "registered": DATE,
        "phone": TEXT | NUMBERS,
        "picture": part(large=st.just("https://example.org/x.jpg") | TEXT),
        "nat": TEXT,
        "$set": JSON,
        "a.b": JSON,
    },
)


MOMENTS = st.builds(
    "{}{}".format,
    st.datetimes(datetime(3, 1, 1), datetime(9998, 1, 1)).map(datetime.isoformat),  # noqa: DTZ001 - the offset follows
    st.sampled_from(["Z", "+14:00", "-12:00", "+05:45"]),
)
LEGAL_DATE = st.fixed_dictionaries({}, optional={"date": MOMENTS | st.none()})


def legal(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with any of these fields, or null."""
    return st.none() | st.fixed_dictionaries({}, optional={name: st.none() | field for name, field in fields.items()})


LEGAL_USER = st.fixed_dictionaries(
    {"email": st.emails() | st.sampled_from(["$email@$$ROOT", "a'b@c", "%s@%s", "Ü@ü.example", "a@[::1]"])},
    optional={
        "gender": LEGAL_TEXT,
        "name": legal(title=LEGAL_TEXT, first=LEGAL_TEXT, last=LEGAL_TEXT),
        "location": legal(
            street=legal(number=st.integers(-(2**63), 2**63 - 1), name=LEGAL_TEXT),
            city=LEGAL_TEXT,
            state=LEGAL_TEXT,
            country=LEGAL_TEXT,
            postcode=st.integers(-(2**63), 2**63 - 1) | LEGAL_TEXT,
            coordinates=legal(latitude=st.floats(-90, 90).map("{:.4f}".format), longitude=st.just("-180.0")),
            timezone=legal(offset=LEGAL_TEXT, description=LEGAL_TEXT),
        ),
        "id": legal(name=LEGAL_TEXT, value=LEGAL_TEXT),
        "login": legal(uuid=st.uuids().map(str), username=LEGAL_TEXT, password=LEGAL_TEXT),
        "dob": LEGAL_DATE,
        "registered": LEGAL_DATE,
        "phone": LEGAL_TEXT,
        "cell": LEGAL_TEXT,
        "picture": legal(large=st.just("https://example.org/$x.jpg"), thumbnail=st.just("/avatars/1.svg")),
        "nat": LEGAL_TEXT,
    },
)


@pytest.fixture
def client(clean_stores: None) -> Client:
    return new_client()


def raw(value: Any) -> bytes:
    """JSON as a careless client writes it: with NaN, escaped lone surrogates and numbers of any length."""
    return json.dumps(value).encode()


def assert_both_stores_agree(client: Client) -> None:
    """Every user is projected, and its tables, its newest event and its document say the same."""
    project_everything()
    assert count("cqrs_dead_letter") == 0
    for user_id, seed in rows("select id, seed from prm_user"):
        state = read_state(user_id)
        assert state.profile == newest_profile(str(user_id))
        command, query = (client.get(f"/api/v1/user-{side}/{user_id}").json() for side in ("command", "query"))
        ours = {"status", "currentStatus", "synchronizedAt"}
        assert {k: v for k, v in command.items() if k not in ours} == {k: v for k, v in query.items() if k not in ours}
        found = client.get("/api/v1/user-query", {"email": state.profile.email, "seed": seed, "limit": 200}).json()
        assert str(user_id) in [item["id"] for item in found["items"]]


@FUZZ
@given(body=JSON.map(raw) | st.binary(max_size=60))
def test_any_body_is_answered_by_every_operation(client: Client, body: bytes) -> None:
    answers = [
        client.post("/api/v1/user-command?seed=fuzz", body, content_type="application/json"),
        client.post("/api/v1/user-command/bulk?seed=fuzz", body, content_type="application/json"),
        client.post("/api/v1/user-command/bulk?seed=fuzz", body, content_type="application/x-ndjson"),
    ]

    for answer in answers:
        assert answer.status_code < 500, answer.content
        if answer.status_code >= 400:
            assert_refused(answer)


@FUZZ
@given(user=USER)
def test_a_user_is_taken_in_whole_or_refused_whole(client: Client, user: dict[str, Any]) -> None:
    before = count("prm_user")

    answer = post_user(client, raw(user), seed="fuzz")

    assert answer.status_code in {200, 201, 400}, answer.content
    assert count("prm_user") - before == (answer.status_code == 201)
    assert count("prm_user") == count("cqrs_event")


@settings(FUZZ, max_examples=60)
@given(users=st.lists(LEGAL_USER, min_size=1, max_size=10))
def test_what_one_store_takes_in_the_other_holds(client: Client, users: list[dict[str, Any]]) -> None:
    empty_stores()

    answer = post_users(client, users, query="?seed=fuzz")

    assert answer.json()["rejected"] == []
    assert answer.json()["created"] + answer.json()["replayed"] == len(users)
    assert_both_stores_agree(client)


@FUZZ
@given(user=LEGAL_USER, patch=LEGAL_USER)
def test_a_legal_patch_of_a_legal_user_is_taken(client: Client, user: dict[str, Any], patch: dict[str, Any]) -> None:
    empty_stores()
    user_id = created(client, user)
    patch.pop("login", None)

    answer = patch_user(client, user_id, patch)

    assert answer.status_code == 200, answer.content
    assert read_state(UUID(user_id)).profile == newest_profile(user_id)


@FUZZ
@given(patch=USER | JSON)
def test_a_patch_changes_a_user_whole_or_not_at_all(client: Client, patch: Any) -> None:
    user_id = created(client, {"email": "ada@example.org", "login": {"username": "ada"}, "name": {"first": "Ada"}})

    answer = patch_user(client, user_id, raw(patch))

    assert answer.status_code in {200, 400}, answer.content
    assert read_state(UUID(user_id)).profile == newest_profile(user_id)


@FUZZ
@given(
    name=st.sampled_from(["limit", "cursor", "seed", "appId", "nat", "gender", "email", "minVersion", "wait"]) | TEXT,
    value=st.binary(max_size=40),
)
def test_any_parameter_is_answered_by_every_read(client: Client, name: str, value: bytes) -> None:
    query = f"{quote_from_bytes(name.encode('utf-8', 'replace'))}={quote_from_bytes(value)}"

    with nothing_stored():
        for path in ("user-query", "user-query/email", "user-stats", "sample-users"):
            # One person is enough: inventing up to 5,000 of them would be all that is measured.
            answer = client.get(f"/api/v1/{path}?{query}" + ("&results=1" if path == "sample-users" else ""))
            assert answer.status_code < 500, (path, query)
            if answer.status_code >= 400:
                assert_refused(answer)


@FUZZ
@given(text=TEXT)
def test_any_seed_that_is_accepted_finds_its_users_again(client: Client, text: str) -> None:
    seed = quote_from_bytes(text.encode("utf-8", "surrogatepass"))

    answer = client.post(f"/api/v1/user-command?seed={seed}", b'{"email": "a@b"}', content_type="application/json")

    assert answer.status_code in {201, 400}
    if answer.status_code == 201:
        assert answer.json()["seed"] == text
        (stats,) = client.get(f"/api/v1/user-stats?seed={seed}").json()["stats"]
        assert stats["seed"] == text


@FUZZ
@given(values=st.dictionaries(st.sampled_from(["If-Match", "Idempotency-Key", "traceparent", "X-Request-Id"]), TEXT))
def test_any_header_is_answered(client: Client, values: dict[str, str]) -> None:
    # What a header can hold on the wire: bytes, which the server hands over as latin-1.
    headers = {name: value.encode("utf-8", "surrogatepass").decode("latin-1") for name, value in values.items()}

    answer = client.delete("/api/v1/user-command/0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44", headers=headers)

    assert answer.status_code in {400, 404, 428}, answer.content
    assert_refused(answer)


def test_the_worst_text_that_is_legal_goes_through_both_stores(client: Client) -> None:
    """In every text field: what is a sign to SQL, to MongoDB, to JSON or to a terminal, but is text."""
    worst = "$email $$ROOT a.b %s '\"\\ \u2028\u202e\ufeff\uffff \U0001f469\u200d\U0001f680 İ\u0307 \x7f"
    user = {
        "email": "$email.$$ROOT+%s'@[::1].example",
        "gender": worst[:40],
        "name": {"title": worst[:40], "first": worst, "last": worst},
        "location": {"street": {"number": -(2**63), "name": worst}, "city": worst, "postcode": 2**63 - 1},
        "id": {"name": "$ne", "value": worst},
        "login": {"username": worst},
        "nat": "$literal",
    }

    assert post_users(client, [user], query="?seed=%24seed").json()["created"] == 1

    assert_both_stores_agree(client)
