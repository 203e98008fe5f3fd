"""Bodies that no operation takes are refused by every operation that takes a body."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.bad_input.refused import assert_refused, nothing_stored, quickly

USERS = "/api/v1/user-command"
JSON, NDJSON, MERGE_PATCH = "application/json", "application/x-ndjson", "application/merge-patch+json"
MEBIBYTE = 1024 * 1024

UNREADABLE: dict[str, bytes] = {
    "empty": b" ",
    "not JSON": b"email=a@example.org",
    "cut short": b'{"email": "a@example.org"',
    "trailing comma": b'{"email": "a@example.org",}',
    "single quotes": b"{'email': 'a@example.org'}",
    "comment": b'{"email": "a@example.org"} // mine',
    "two values": b'{"email": "a@example.org"} {"email": "b@example.org"}',
    "NaN": b'{"email": "a@example.org", "x": NaN}',
    "Infinity": b'{"email": "a@example.org", "x": Infinity}',
    "-Infinity": b'{"email": "a@example.org", "x": -Infinity}',
    "1e999": b'{"email": "a@example.org", "x": 1e999}',
    "-1e400": b'{"email": "a@example.org", "x": -1e400}',
    "400 digits": b'{"email": "a@example.org", "x": ' + b"9" * 400 + b"}",
    "100,000 digits": b'{"email": "a@example.org", "x": ' + b"9" * 100_000 + b"}",
    "2^63": b'{"email": "a@example.org", "x": 9223372036854775808}',
    "-2^63-1": b'{"email": "a@example.org", "x": -9223372036854775809}',
    "leading zero": b'{"email": "a@example.org", "x": 01}',
    "hexadecimal": b'{"email": "a@example.org", "x": 0x10}',
    "unicode digits": '{"email": "a@example.org", "x": ١٢}'.encode(),
    "100,000 arrays": b'{"email": "a@example.org", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "20,000 objects": b'{"x": ' * 20_000 + b"1" + b"}" * 20_000,
    "40 levels": b'{"email": "a@example.org", "x": ' + b"[" * 40 + b"]" * 40 + b"}",
    "unclosed nesting": b"[" * 200_000,
    "duplicate keys": b'{"email": "a@example.org", "email": "b@example.org"}',
    "duplicate keys within": b'{"email": "a@example.org", "name": {"first": "a", "first": "b"}}',
    "the same key escaped": b'{"email": "a@example.org", "em\\u0061il": "b@example.org"}',
    "NUL escaped": b'{"email": "a@example.org", "phone": "\\u0000"}',
    "NUL escaped in a key": b'{"email": "a@example.org", "a\\u0000b": 1}',
    "NUL escaped in an unknown part": b'{"email": "a@example.org", "x": [{"y": "\\u0000"}]}',
    "NUL itself": b'{"email": "a@example.org", "phone": "\x00"}',
    "control character": b'{"email": "a@example.org", "phone": "\x01"}',
    "high surrogate": b'{"email": "a@example.org", "phone": "\\ud800"}',
    "low surrogate": b'{"email": "a@example.org", "phone": "\\uDFFF"}',
    "surrogates the wrong way round": b'{"email": "a@example.org", "phone": "\\udc00\\ud800"}',
    "surrogate in a key": b'{"email": "a@example.org", "\\ud800": 1}',
    "surrogate as bytes": b'{"email": "a@example.org", "phone": "\xed\xa0\x80"}',
    "latin-1": '{"email": "a@example.org", "phone": "ü"}'.encode("latin-1"),
    "overlong UTF-8": b'{"email": "a@example.org", "phone": "\xc0\x80"}',
    "UTF-8 cut short": b'{"email": "a@example.org", "phone": "\xe2\x82',
    "byte order mark": b'\xef\xbb\xbf{"email": "a@example.org"}',
    "UTF-16": '{"email": "a@example.org"}'.encode("utf-16"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "a number": b"5",
    "a text": b'"a@example.org"',
    "null": b"null",
    "true": b"true",
    "too many values": b'{"x": [' + b"[]," * 800_000 + b"1]}",
}
WRONG_VALUES: dict[str, Any] = {
    "operator as an email": {"email": {"$ne": None}},
    "expression as an email": {"email": {"$expr": {"$function": {"body": "x"}}}},
    "empty email": {"email": ""},
    "no email": {"email": None},
    "email of another type": {"email": 5},
    "several emails": {"email": ["a@example.org"]},
    "email without a host": {"email": "a@"},
    "email with a line break": {"email": "a@example.org\n"},
    "email with a control character": {"email": "a\x7f@example.org"},
    "long email": {"email": "a@" + "b" * 300},
    "text where an object is": {"name": "Ada"},
    "array where an object is": {"location": [1]},
    "object where text is": {"phone": {"$gt": ""}},
    "number where text is": {"phone": 12},
    "true where a number is": {"location": {"street": {"number": True}}},
    "text where a number is": {"location": {"street": {"number": "12"}}},
    "fraction where a number is": {"location": {"street": {"number": 1.5}}},
    "latitude NaN": {"location": {"coordinates": {"latitude": "NaN"}}},
    "latitude beyond the pole": {"location": {"coordinates": {"latitude": "90.01"}}},
    "longitude beyond the line": {"location": {"coordinates": {"longitude": "-181"}}},
    "longitude in other digits": {"location": {"coordinates": {"longitude": "١٢"}}},
    "fraction as a postcode": {"location": {"postcode": 1.5}},
    "long text": {"name": {"first": "x" * 201}},
    "login that is no uuid": {"login": {"uuid": "1"}},
    "date that is none": {"dob": {"date": "2001-02-29T00:00:00Z"}},
    "date without an offset": {"dob": {"date": "2001-01-01T00:00:00"}},
    "date before year 2": {"dob": {"date": "0001-12-31T23:59:59Z"}},
    "date after year 9998": {"dob": {"date": "9999-01-01T00:00:00Z"}},
    "date whose offset leads out of time": {"dob": {"date": "9999-12-31T23:59:59-23:59"}},
    "address that runs": {"picture": {"large": "javascript:alert(1)"}},
    "address that is data": {"picture": {"thumbnail": "data:text/html,x"}},
}

unreadable = pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
wrong_value = pytest.mark.parametrize("value", WRONG_VALUES.values(), ids=WRONG_VALUES)


@unreadable
def test_nothing_unreadable_is_taken_in(client: Client, body: bytes) -> None:
    with nothing_stored(), quickly():
        assert_refused(client.post(f"{USERS}?seed=x", body, content_type=JSON))
        assert_refused(client.post(f"{USERS}/bulk?seed=x", body, content_type=JSON))


@unreadable
def test_nothing_unreadable_changes_a_user(client: Client, user_id: str, body: bytes) -> None:
    with nothing_stored(), quickly():
        assert_refused(
            client.patch(f"{USERS}/{user_id}", body, content_type=MERGE_PATCH, headers={"If-Match": "*"}), 400, 413
        )


@unreadable
def test_nothing_unreadable_is_a_line(client: Client, body: bytes) -> None:
    with nothing_stored(), quickly():
        answer = client.post(f"{USERS}/bulk?seed=x", body.replace(b"\n", b" "), content_type=NDJSON)

    if body.strip():
        assert answer.status_code == 200
        assert [one["index"] for one in answer.json()["rejected"]] == [0]
    assert answer.json()["created"] == 0


@wrong_value
def test_no_wrong_value_is_taken_in(client: Client, value: dict[str, Any]) -> None:
    user = {"email": "a@example.org", **value}

    with nothing_stored(), quickly():
        assert_refused(client.post(f"{USERS}?seed=x", user, content_type=JSON), 400)
        bulk = client.post(f"{USERS}/bulk?seed=x", [user, user], content_type=JSON)

    assert bulk.json()["created"] == 0
    assert [one["index"] for one in bulk.json()["rejected"]] == [0, 1]


@wrong_value
def test_no_wrong_value_changes_a_user(client: Client, user_id: str, value: dict[str, Any]) -> None:
    with nothing_stored(), quickly():
        answer = client.patch(f"{USERS}/{user_id}", value, content_type=MERGE_PATCH, headers={"If-Match": "*"})

    assert_refused(answer, 400)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/json-patch+json",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/jsonx",
        "application",
        "*/*",
        ";",
        "ü/ü",
    ],
)
def test_another_content_type_is_415_everywhere(client: Client, user_id: str, content_type: str) -> None:
    body = b'{"email": "a@example.org"}'

    with nothing_stored(), quickly():
        assert_refused(client.post(f"{USERS}?seed=x", body, content_type=content_type), 415)
        assert_refused(client.post(f"{USERS}/bulk?seed=x", body, content_type=content_type), 415)
        patch = client.patch(f"{USERS}/{user_id}", body, content_type=content_type, headers={"If-Match": "*"})
        assert_refused(patch, 415)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x"])
def test_a_compressed_body_is_415(client: Client, coding: str) -> None:
    headers = {"Content-Encoding": coding}

    with nothing_stored():
        answer = client.post(f"{USERS}?seed=x", b"\x1f\x8b", content_type=JSON, headers=headers)

    assert_refused(answer, 415)


@pytest.mark.parametrize("path", [f"{USERS}?seed=x", f"{USERS}/bulk?seed=x"])
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_twenty_megabytes_are_too_much(client: Client, path: str, content_type: str) -> None:
    body = b'{"email": "a@example.org"}\n'.ljust(20 * MEBIBYTE)

    with nothing_stored(), quickly():
        answer = client.post(path, body, content_type=content_type)

    assert_refused(answer, 413, 415)


def test_a_single_user_has_less_room_than_a_bulk(client: Client, user_id: str) -> None:
    body = json.dumps({"email": "a@example.org", "x": "y" * 300_000}).encode()

    with nothing_stored(), quickly():
        assert_refused(client.post(f"{USERS}?seed=x", body, content_type=JSON), 413)
        patch = client.patch(f"{USERS}/{user_id}", body, content_type=MERGE_PATCH, headers={"If-Match": "*"})
        assert_refused(patch, 413)


@pytest.mark.parametrize(
    "body",
    [
        b"1\n" * (8 * MEBIBYTE - 1),
        b"x\n" * (8 * MEBIBYTE - 1),
        b"[" + b"1," * (8 * MEBIBYTE - 2) + b"1]",
        b"[" + b"{}," * (5 * MEBIBYTE) + b"{}]",
        b'{"results": [' + b'"",' * (5 * MEBIBYTE) + b"1]}",
    ],
    ids=["lines", "bad lines", "numbers", "objects", "texts"],
)
def test_sixteen_megabytes_of_crumbs_are_refused_quickly(client: Client, body: bytes) -> None:
    content_type = NDJSON if body.endswith(b"\n") else JSON

    with nothing_stored(), quickly():
        answer = client.post(f"{USERS}/bulk?seed=x", body, content_type=content_type)

    assert_refused(answer, 400)


def test_sixteen_megabytes_of_blank_lines_are_nobody(client: Client) -> None:
    with nothing_stored(), quickly():
        answer = client.post(f"{USERS}/bulk?seed=x", b"\n" * (16 * MEBIBYTE), content_type=NDJSON)

    assert answer.json() == {"seed": "x", "created": 0, "replayed": 0, "rejected": []}


def test_five_thousand_users_with_every_mistake_are_answered_within_reason(client: Client) -> None:
    worst = {"email": 1, "gender": 2, "name": {"first": 3, "last": 4}, "phone": 5, "cell": 6, "nat": 7, "dob": 8}

    with nothing_stored(), quickly():
        answer = client.post(f"{USERS}/bulk?seed=x", [worst] * 5000, content_type=JSON)

    assert len(answer.json()["rejected"]) == 5000
    assert {len(one["errors"]) for one in answer.json()["rejected"]} == {8}
