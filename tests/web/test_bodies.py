"""Bodies over HTTP: read within a limit, in the format that the operation takes, or refused with the right status."""

import json
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import Client, RequestFactory

from cqrs.web.body import read_body
from cqrs.web.errors import InvalidRequest, LengthRequired, PayloadTooLarge
from cqrs.web.unread_body import UnreadBodyMiddleware

JSON = "application/json"


def post(client: Client, body: bytes, content_type: str = JSON, **headers: Any) -> Any:
    return client.post("/api/echo", data=body, content_type=content_type, **headers)


@pytest.mark.parametrize(
    "content_type", [JSON, "Application/JSON", f"{JSON}; charset=UTF-8", f'{JSON};charset="utf-8"']
)
def test_json_is_read_with_any_spelling_of_its_media_type(client: Client, content_type: str) -> None:
    answer = post(client, '{"name": "Åsa"}'.encode(), content_type)

    assert answer.status_code == 200
    assert answer.json() == {"data": {"name": "Åsa"}}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/merge-patch+json",
        f"{JSON}; charset=latin-1",
        f"{JSON}; charset=utf-16",
    ],
)
def test_another_format_is_answered_with_415(client: Client, content_type: str) -> None:
    answer = post(client, b"{}", content_type)

    assert answer.status_code == 415
    assert answer.json()["type"] == "/problems/unsupported-media-type"


def test_a_compressed_body_is_answered_with_415(client: Client) -> None:
    answer = post(client, b"{}", headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_an_empty_body_is_not_an_empty_object(client: Client) -> None:
    answer = client.generic("POST", "/api/echo", b"", CONTENT_TYPE=JSON, CONTENT_LENGTH="0")

    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-json"


def test_refused_json_says_which_rule_it_breaks(client: Client) -> None:
    answer = post(client, b'{"a": {"b": "\\u0000"}}')

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"path": "a.b", "message": "A text holds NUL or a lone surrogate", "code": "text"}
    ]


def test_a_body_of_twenty_megabytes_is_answered_with_413_and_not_read(client: Client) -> None:
    answer = post(client, b"[" + b"0," * 10_000_000 + b"0]")

    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/payload-too-large"


def test_each_view_has_its_own_limit(client: Client) -> None:
    body = json.dumps({"note": "x" * 1_000})

    smaller = client.patch(
        "/api/things/1", body, content_type="application/merge-patch+json", headers={"If-Match": "*"}
    )
    larger = post(client, body.encode())

    assert (smaller.status_code, larger.status_code) == (413, 200)


def test_lines_are_read_one_by_one(client: Client) -> None:
    answer = post(client, b'{"a":1}\nnonsense\n', "application/x-ndjson")

    assert answer.status_code == 200
    assert answer.json()["data"] == ["{'a': 1}", "The body is not acceptable JSON."]


def test_a_chunked_body_without_a_length_is_answered_with_411(rf: RequestFactory) -> None:
    request = rf.post("/", data=b"{}", content_type=JSON, headers={"Transfer-Encoding": "chunked"})
    request.META["CONTENT_LENGTH"] = ""

    with pytest.raises(LengthRequired):
        read_body(request, 100)


@pytest.mark.parametrize("length", ["-1", "+5", "1e3", "0x10", "٣", "9" * 400])
def test_a_content_length_that_is_none_is_refused(rf: RequestFactory, length: str) -> None:
    request = rf.post("/", data=b"{}", content_type=JSON)
    request.META["CONTENT_LENGTH"] = length

    with pytest.raises(InvalidRequest):
        read_body(request, 100)


def test_a_body_that_ends_early_is_refused_and_not_taken_for_whole(rf: RequestFactory) -> None:
    request = rf.post("/", data=b'{"a":1}\n', content_type="application/x-ndjson")
    request.META["CONTENT_LENGTH"] = "50"

    with pytest.raises(InvalidRequest, match="not valid"):
        read_body(request, 100)


@pytest.mark.parametrize(("path", "status"), [("/api/echo", 413), ("/api/nothing", 404), ("/livez", 405)])
def test_a_refused_body_is_read_to_its_end_so_that_the_answer_arrives(
    rf: RequestFactory, path: str, status: int
) -> None:
    request = rf.post(path, data=b" " * 1_000_000, content_type=JSON)

    answer = WSGIHandler().get_response(request)

    assert answer.status_code == status
    assert request.read() == b""


@pytest.mark.parametrize("length", ["9" * 20, "²", "-1"])
def test_an_absurd_length_is_not_waited_for(rf: RequestFactory, length: str) -> None:
    request = rf.post("/", data=b"{}", content_type=JSON)
    request.META["CONTENT_LENGTH"] = length

    UnreadBodyMiddleware(lambda _: HttpResponse())(request)

    assert request.read() == b"{}"


def test_an_announced_length_beyond_the_limit_is_refused_unread(rf: RequestFactory) -> None:
    request = rf.post("/", data=b"{}", content_type=JSON)
    request.META["CONTENT_LENGTH"] = "101"

    with pytest.raises(PayloadTooLarge):
        read_body(request, 100)

    assert request.read() == b"{}"
