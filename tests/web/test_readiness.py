"""`/livez` asks nobody; `/readyz` asks every store at once and names the ones that fail."""

from threading import Event
from time import monotonic
from typing import Any

import pytest
from django.test import Client

from cqrs.errors import DuplicateRegistration
from cqrs.web import health
from cqrs.web.readiness import Readiness
from tests.waiting import wait_until


@pytest.fixture
def readiness(monkeypatch: pytest.MonkeyPatch) -> Readiness:
    fresh = Readiness(timeout=1.0)
    monkeypatch.setattr(health, "_readiness", fresh)
    return fresh


def refuse(_: float) -> Any:
    raise ConnectionError("postgresql://user:password@10.0.0.1 refused")


def test_all_stores_serving_is_ready(client: Client, readiness: Readiness) -> None:
    readiness.register("postgresql", lambda _: None)
    readiness.register("mongodb", lambda _: True)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "stores": {"postgresql": "ready", "mongodb": "ready"}}


def test_a_failing_store_is_named_without_its_words(client: Client, readiness: Readiness) -> None:
    readiness.register("postgresql", refuse)
    readiness.register("mongodb", lambda _: None)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Retry-After"] == "1"
    assert answer.json()["detail"] == "Not ready: postgresql."
    assert [error["path"] for error in answer.json()["errors"]] == ["postgresql"]
    assert "password" not in answer.content.decode()


def test_hanging_stores_are_given_up_together_at_the_deadline(readiness: Readiness) -> None:
    release = Event()
    for number in range(100):
        readiness.register(f"store-{number}", lambda _: release.wait(60))
    started = monotonic()

    failures = readiness.failures()

    release.set()
    assert monotonic() - started < 100 * 1.0
    assert failures == {f"store-{number}": "no answer within 1 s" for number in range(100)}


def test_a_hanging_probe_is_not_started_again_before_it_has_ended(readiness: Readiness) -> None:
    release = Event()
    starts: list[float] = []

    def hang(timeout: float) -> None:
        starts.append(timeout)
        release.wait(60)

    readiness.register("mongodb", hang)

    for _ in range(3):
        readiness.failures()
    during = len(starts)
    release.set()
    wait_until(lambda: not readiness.failures(), "it has ended")

    assert during == 1
    assert readiness.failures() == {}
    assert starts[0] == 1.0


def test_liveness_asks_no_store(client: Client, readiness: Readiness) -> None:
    readiness.register("postgresql", refuse)

    answer = client.get("/livez")

    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


def test_a_store_has_one_probe(readiness: Readiness) -> None:
    readiness.register("mongodb", refuse)

    with pytest.raises(DuplicateRegistration):
        readiness.register("mongodb", refuse)
