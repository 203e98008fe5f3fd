"""Every answer whose length is known says it, so that it need not be sent in chunks."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import Client

from cqrs.web.content_length import ContentLengthMiddleware


def answered(response: HttpResponseBase) -> HttpResponseBase:
    return ContentLengthMiddleware(lambda _: response)(HttpRequest())


def test_answers_of_the_api_and_problems_say_their_length(client: Client) -> None:
    for path in ("/api/things", "/api/nothing"):
        answer = client.get(path)

        assert answer["Content-Length"] == str(len(answer.content))


def test_the_length_is_counted_in_bytes() -> None:
    assert answered(HttpResponse("ä"))["Content-Length"] == "2"


def test_a_length_that_is_there_stays() -> None:
    assert answered(HttpResponse(b"", headers={"Content-Length": "5"}))["Content-Length"] == "5"


def test_answers_without_a_body_or_of_unknown_length_say_nothing() -> None:
    for response in (HttpResponse(status=204), HttpResponse(status=304), StreamingHttpResponse([b"a"])):
        assert "Content-Length" not in answered(response)
