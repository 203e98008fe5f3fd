"""Addresses, parameters and headers that mean nothing are refused, or left aside where HTTP says so."""

from typing import Any

import pytest
from django.test import Client

from tests.bad_input.refused import assert_refused, nothing_stored, quickly

USERS, QUERY = "/api/v1/user-command", "/api/v1/user-query"
UNKNOWN = "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44"
MALFORMED_IDS = (
    "1",
    "-1",
    "null",
    "undefined",
    "%00",
    "%ff",
    "%ED%A0%80",
    "..%2f..%2fetc%2fpasswd",
    "{id}",
    "$ne",
    UNKNOWN[:-1],
    f"{UNKNOWN}0",
    f"{UNKNOWN}/",
    UNKNOWN.replace("-", ""),
    f"%7B{UNKNOWN}%7D",
    "' or 1=1 --",
    "x" * 4000,
    "١٢٣",
)
WRONG_PARAMETERS = {
    "a list's limit": [
        f"{QUERY}?limit={value}" for value in ("-1", "0", "201", "1.5", "x", "", "%00", "1;2", "9" * 400, "NaN", "٣")
    ],
    "a cursor": [f"{QUERY}?cursor={value}" for value in ("", "x", "%00", "%ff", "AAAA", "A" * 600, "null", "../..")],
    "an operator": [f"{QUERY}?{name}[$ne]=x" for name in ("seed", "appId", "nat", "gender", "email", "limit", "cursor")]
    + [f"{QUERY}/email?email[$gt]=", f"{QUERY}/email?email[]=a", f"{QUERY}?$where=1", f"{QUERY}?seed[%24ne]=x"],
    "not UTF-8": [f"{QUERY}?seed=%ff", f"{QUERY}?seed=%c0%80", f"{QUERY}?seed=%ED%A0%80", f"{QUERY}/email?email=%80"],
    "NUL": [f"{QUERY}?seed=%00", f"{QUERY}/email?email=a%00b", "/api/v1/user-stats?seed=a%00"],
    "given twice": [f"{QUERY}?seed=a&seed=b", f"{QUERY}?limit=1&limit=2", f"{QUERY}/email?email=a&email=a"],
    "too long": [f"{QUERY}?seed={'x' * 65}", f"{QUERY}/email?email={'x' * 255}", f"/api/v1/user-stats?seed={'x' * 65}"],
    "too many": [f"{QUERY}?{'&'.join(f'p{number}=1' for number in range(2000))}"],
    "missing": [f"{QUERY}/email", f"{QUERY}/email?", f"{QUERY}/email?seed=x"],
    "a wait": [
        f"{QUERY}/{UNKNOWN}?{query}" for query in ("wait=-1", "wait=5001", "wait=x", "minVersion=0", "minVersion=")
    ],
    "sample users": [
        f"/api/v1/sample-users?{query}" for query in ("results=0", "results=5001", "page=0", "nat=XX", "seed=%00")
    ],
}


@pytest.mark.parametrize("user_id", MALFORMED_IDS)
def test_a_malformed_id_is_404_whatever_is_asked_of_it(client: Client, user_id: str) -> None:
    guard = {"If-Match": "*"}
    patch = "application/merge-patch+json"

    with nothing_stored(), quickly():
        assert_refused(client.get(f"{USERS}/{user_id}"), 404)
        assert_refused(client.get(f"{USERS}/{user_id}/events"), 404)
        assert_refused(client.patch(f"{USERS}/{user_id}", "{}", content_type=patch, headers=guard), 404)
        assert_refused(client.delete(f"{USERS}/{user_id}", headers=guard), 404)
        assert_refused(client.get(f"{QUERY}/{user_id}"), 404)


def test_an_unknown_id_is_404(client: Client) -> None:
    with nothing_stored(), quickly():
        for path in (f"{USERS}/{UNKNOWN}", f"{USERS}/{UNKNOWN}/events", f"{QUERY}/{UNKNOWN}"):
            assert_refused(client.get(path), 404)


@pytest.mark.parametrize("paths", WRONG_PARAMETERS.values(), ids=WRONG_PARAMETERS)
def test_a_parameter_that_means_nothing_is_400(client: Client, paths: list[str]) -> None:
    for path in paths:
        with quickly():
            assert_refused(client.get(path), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/",
        "/api/v1",
        "/api/v2/user-query",
        f"{USERS}/",
        f"{QUERY}/email/",
        "/api/schema/",
        "/%00",
        "/%ff",
    ],
)
def test_an_unknown_address_is_404(client: Client, path: str) -> None:
    with quickly():
        assert_refused(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", USERS, {"POST"}),
        ("DELETE", USERS, {"POST"}),
        ("PUT", f"{USERS}/{UNKNOWN}", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("POST", f"{USERS}/{UNKNOWN}", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("POST", QUERY, {"GET", "HEAD"}),
        ("PATCH", f"{QUERY}/{UNKNOWN}", {"GET", "HEAD"}),
        ("OPTIONS", QUERY, {"GET", "HEAD"}),
        ("TRACE", QUERY, {"GET", "HEAD"}),
        ("CONNECT", QUERY, {"GET", "HEAD"}),
        ("BREW", f"{USERS}/bulk", {"POST"}),
        ("POST", "/livez", {"GET", "HEAD"}),
        ("DELETE", "/readyz", {"GET", "HEAD"}),
        ("POST", "/api", {"GET", "HEAD"}),
        ("POST", "/api/schema", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_there_is_405_and_names_those_that_are(
    client: Client, method: str, path: str, allowed: set[str]
) -> None:
    with nothing_stored(), quickly():
        answer = client.generic(method, path)

    assert_refused(answer, 405)
    assert allowed <= {name.strip() for name in answer["Allow"].split(",")} <= {*allowed, "OPTIONS"}


@pytest.mark.parametrize("path", [QUERY, f"{QUERY}?limit=1", "/livez", "/api/schema", "/api/v1/user-stats"])
def test_head_is_get_without_the_body(client: Client, path: str) -> None:
    get, head = client.get(path), client.head(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head["Content-Type"] == get["Content-Type"]


@pytest.mark.parametrize("value", ["x", "\x7f", "a b", "ü", "x" * 65, "../..", '"', "\\u0000"])
def test_a_request_id_that_is_not_plain_is_replaced(client: Client, value: str) -> None:
    answer = client.get("/livez", headers={"X-Request-Id": value})

    assert (answer["X-Request-Id"] == value) == (value == "x")


@pytest.mark.parametrize(
    "traceparent",
    ["x", "", "00-0-0-0", f"00-{'0' * 32}-{'0' * 16}-01", f"ff-{'a' * 32}-{'b' * 16}-01", "ü", "-" * 5000],
)
def test_a_trace_that_is_none_starts_a_new_one(client: Client, traceparent: str) -> None:
    answer = client.get(QUERY, headers={"traceparent": traceparent})

    assert answer.status_code == 200
    assert answer["traceparent"] != traceparent
    assert len(answer["traceparent"]) == 55


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*;q=0", "", "x", ",,,", "application/json;q=ü"])
def test_answers_are_json_whatever_is_accepted(client: Client, accept: str) -> None:
    answer = client.get(QUERY, headers={"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.fixture
def _only_localhost(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]


@pytest.mark.usefixtures("_only_localhost")
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:x", "[::1", "a" * 300, "ü.example", "localhost/path", "127.0.0.1"]
)
@pytest.mark.parametrize("path", [QUERY, "/api", "/", "/nowhere"])
def test_another_host_is_refused(client: Client, host: str, path: str) -> None:
    with quickly():
        answer = client.get(path, headers={"Host": host})

    assert_refused(answer, 400)


@pytest.mark.usefixtures("_only_localhost")
@pytest.mark.parametrize(
    ("host", "path"), [("localhost", QUERY), ("localhost:8080", QUERY), ("10.1.2.3:8000", "/livez")]
)
def test_our_host_is_answered_and_probes_by_any_address(client: Client, host: str, path: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 200
