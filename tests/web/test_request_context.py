"""Every request has its ids, inside for whoever logs or stores and outside for whoever asks."""

import re

import pytest
from django.test import Client

from cqrs.context import DEFAULT_APP_ID, Context, current, use
from cqrs.web.trace import continue_trace, trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


def test_the_ids_inside_are_the_ids_in_the_answer(client: Client) -> None:
    answer = client.get("/api/context", headers={"X-Request-Id": "order-17.a"})

    assert answer.json() == {"appId": "edge-1", "requestId": "order-17.a", "traceparent": answer["traceparent"]}
    assert answer["X-App-Id"] == "edge-1"
    assert answer["X-Request-Id"] == "order-17.a"


@pytest.mark.parametrize("path", ["/api/context", "/api/nothing", "/api/fail/badly", "/livez"])
def test_every_answer_carries_them(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer["X-App-Id"] == "edge-1"
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-Id"])
    assert TRACEPARENT.fullmatch(answer["traceparent"])


@pytest.mark.parametrize("incoming", ["", "a b", "x" * 65, "a\nb", "<script>", "å"])
def test_an_unsuitable_request_id_is_replaced(client: Client, incoming: str) -> None:
    answer = client.get("/api/context", HTTP_X_REQUEST_ID=incoming)

    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-Id"])


def test_a_trace_is_continued_with_a_span_of_our_own() -> None:
    continued = continue_trace(f"00-{TRACE}-{SPAN}-01")

    assert trace_id(continued) == TRACE
    assert continued.endswith("-01")
    assert SPAN not in continued


def test_the_decision_not_to_sample_is_kept() -> None:
    assert continue_trace(f"00-{TRACE}-{SPAN}-00").endswith("-00")


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert trace_id(continue_trace(f"cc-{TRACE}-{SPAN}-01-what-comes-later")) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01" * 1000,
    ],
)
def test_a_missing_or_malformed_trace_starts_a_new_one(header: str | None) -> None:
    started = continue_trace(header)

    assert TRACEPARENT.fullmatch(started)
    assert TRACE not in started


def test_a_context_holds_within_its_block_only() -> None:
    inner = Context(app_id="worker-1", seed="run-1")

    with use(inner):
        within = current()

    assert within is inner
    assert current().app_id == DEFAULT_APP_ID


def test_a_context_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), use(Context(app_id="worker-1")):
        1 / 0  # noqa: B018 - it is the error that counts

    assert current().app_id == DEFAULT_APP_ID
