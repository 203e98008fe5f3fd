"""The provider fails as it is told to, and then takes what comes again."""

import threading
from typing import Any

import pytest
from django.test import Client

from services.alert_provider.failing import HANGING_AT_ONCE
from tests.bad_input.refused import assert_refused
from tests.services.alert_provider.telling import behave, listed, tell
from tests.waiting import wait_until


def test_at_first_it_takes_everything(client: Client) -> None:
    assert client.get("/api/v1/provider/behaviour").json() == {"answer": "take"}


@pytest.mark.parametrize(
    ("answer", "status", "headers"),
    [
        ("error", 500, {}),
        ("busy", 429, {"Retry-After": "3"}),
        ("refuse", 422, {}),
        ("close", 503, {"X-Accel-Redirect": "/_close"}),
    ],
)
def test_it_fails_as_it_is_told(client: Client, answer: str, status: int, headers: dict[str, str]) -> None:
    told = behave(client, answer)

    failed = tell(client, "Later")

    assert (told.status_code, client.get("/api/v1/provider/behaviour").json()) == (204, {"answer": answer})
    assert_refused(failed, status)
    assert headers.items() <= dict(failed.items()).items()
    assert listed(client)["items"] == []


def test_what_failed_is_taken_when_it_works_again(client: Client) -> None:
    behave(client, "error")
    tell(client, "Later")

    behave(client, "take")
    answer = tell(client, "Later")

    assert answer.status_code == 204
    assert [item["text"] for item in listed(client)["items"]] == ["Later"]


def test_nobody_without_the_secret_makes_it_hang(client: Client) -> None:
    behave(client, "hang")

    answer = client.put("/api/v1/provider/texts", {"text": "Later"}, content_type="application/json")

    assert_refused(answer, 400)


def test_few_hang_at_a_time(client: Client) -> None:
    behave(client, "hang")
    answers: list[Any] = [tell(client, "Later", f"key-{number}") for number in range(HANGING_AT_ONCE + 1)]
    served = [threading.Thread(target=list, args=(one.streaming_content,), daemon=True) for one in answers]

    for thread in served:
        thread.start()
    wait_until(lambda: not all(thread.is_alive() for thread in served), "one is turned away")

    assert [thread.is_alive() for thread in served] == [True] * HANGING_AT_ONCE + [False]


@pytest.mark.parametrize("answer", ["TAKE", "", None, 1, ["take"], {"$ne": "take"}, "take\0"])
def test_no_behaviour(client: Client, answer: object) -> None:
    assert_refused(behave(client, answer), 400)
    assert client.get("/api/v1/provider/behaviour").json() == {"answer": "take"}
