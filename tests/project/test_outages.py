"""A store is away: what needs it answers 503 soon and says when to ask again, the rest goes on, and it recovers."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.project.lone_replica import IN_TIME, Answer, LoneReplica
from tests.project.store_proxy import StoreProxy
from tests.waiting import wait_until

USERS, QUERY = "/api/v1/user-command", "/api/v1/user-query"
UNKNOWN = "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44"
ADA = {"email": "ada@example.org"}

Request = Callable[[LoneReplica], Answer]
Break = Callable[[StoreProxy], None]

NEED_POSTGRESQL: dict[str, Request] = {
    "create": lambda replica: replica.send("POST", f"{USERS}?seed=outage", ADA),
    "create under a key": lambda replica: replica.send("POST", f"{USERS}?seed=outage", ADA, Idempotency_Key="outage"),
    "create many": lambda replica: replica.send("POST", f"{USERS}/bulk?seed=outage", [ADA]),
    "read": lambda replica: replica.send("GET", f"{USERS}/{UNKNOWN}"),
    "history": lambda replica: replica.send("GET", f"{USERS}/{UNKNOWN}/events"),
    "delete": lambda replica: replica.send("DELETE", f"{USERS}/{UNKNOWN}", If_Match="*"),
    "change": lambda replica: replica.send(
        "PATCH", f"{USERS}/{UNKNOWN}", {}, If_Match="*", Content_Type="application/merge-patch+json"
    ),
    "statistics": lambda replica: replica.send("GET", "/api/v1/user-stats"),
}
NEED_MONGODB: dict[str, Request] = {
    "list": lambda replica: replica.send("GET", QUERY),
    "list within a run": lambda replica: replica.send("GET", f"{QUERY}?seed=outage"),
    "by address": lambda replica: replica.send("GET", f"{QUERY}/email?email=ada@example.org"),
    "by id": lambda replica: replica.send("GET", f"{QUERY}/{UNKNOWN}"),
    "own write": lambda replica: replica.send("GET", f"{QUERY}/{UNKNOWN}?minVersion=1&wait=1000"),
}
NEED_NONE: dict[str, Request] = {
    "livez": lambda replica: replica.send("GET", "/livez"),
    "the page": lambda replica: replica.send("GET", "/"),
    "Swagger": lambda replica: replica.send("GET", "/api"),
    "the document": lambda replica: replica.send("GET", "/api/schema"),
    "sample users": lambda replica: replica.send("GET", "/api/v1/sample-users?results=1"),
}


@pytest.fixture(autouse=True)
def _mended(replica: LoneReplica) -> Iterator[None]:
    yield
    replica.postgresql.mend()
    replica.mongodb.mend()
    wait_until(lambda: replica.status_of("/readyz") == 200, "both stores are reached again")


either_way = pytest.mark.parametrize("break_store", [StoreProxy.cut, StoreProxy.silence], ids=["cut", "silent"])


def assert_unavailable(name: str, answer: Answer) -> None:
    assert answer.status == 503, f"{name}: {answer.body!r}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["type"] == "/problems/unavailable"
    assert answer.seconds < IN_TIME, f"{name}: {answer.seconds:.1f} s"


def assert_goes_on(name: str, answer: Answer) -> None:
    assert answer.status < 500, f"{name}: {answer.body!r}"
    assert answer.seconds < IN_TIME, f"{name}: {answer.seconds:.1f} s"


def failing_stores(replica: LoneReplica) -> Any:
    answer = replica.send("GET", "/readyz")
    assert answer.seconds < IN_TIME
    assert answer.status in {200, 503}
    return [error["path"] for error in answer.json().get("errors", [])]


def at_once(replica: LoneReplica, requests: dict[str, Request]) -> dict[str, Answer]:
    """Send all requests at the same moment."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return dict(zip(requests, pool.map(lambda request: request(replica), requests.values()), strict=True))


def test_without_postgresql_the_write_side_says_so(replica: LoneReplica) -> None:
    replica.postgresql.cut()

    for name, answer in at_once(replica, NEED_POSTGRESQL).items():
        assert_unavailable(name, answer)


@either_way
def test_without_mongodb_the_read_side_says_so(replica: LoneReplica, break_store: Break) -> None:
    break_store(replica.mongodb)

    for name, answer in at_once(replica, NEED_MONGODB).items():
        assert_unavailable(name, answer)


def test_without_postgresql_the_read_side_goes_on(replica: LoneReplica) -> None:
    replica.postgresql.cut()

    for name, answer in at_once(replica, {**NEED_MONGODB, **NEED_NONE}).items():
        assert_goes_on(name, answer)

    assert failing_stores(replica) == ["postgresql"]


@either_way
def test_without_mongodb_the_write_side_goes_on(replica: LoneReplica, break_store: Break) -> None:
    break_store(replica.mongodb)

    for name, answer in at_once(replica, {**NEED_POSTGRESQL, **NEED_NONE}).items():
        assert_goes_on(name, answer)

    assert failing_stores(replica) == ["mongodb"]


@either_way
def test_without_both_the_process_lives(replica: LoneReplica, break_store: Break) -> None:
    break_store(replica.postgresql)
    break_store(replica.mongodb)

    for name, answer in at_once(replica, NEED_NONE).items():
        assert_goes_on(name, answer)

    assert failing_stores(replica) == ["mongodb", "postgresql"]


def test_many_at_once_are_all_told_soon(replica: LoneReplica) -> None:
    replica.postgresql.cut()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: NEED_POSTGRESQL["create"](replica), range(32)))

    for answer in answers:
        assert_unavailable("create", answer)


def test_when_postgresql_is_back_so_is_the_write_side(replica: LoneReplica) -> None:
    replica.postgresql.cut()
    assert_unavailable("create", NEED_POSTGRESQL["create"](replica))

    replica.postgresql.mend()

    wait_until(lambda: NEED_POSTGRESQL["create"](replica).status == 201, "users are taken in again")


@either_way
def test_when_mongodb_is_back_so_is_the_read_side(replica: LoneReplica, break_store: Break) -> None:
    break_store(replica.mongodb)
    assert_unavailable("list", NEED_MONGODB["list"](replica))

    replica.mongodb.mend()

    wait_until(lambda: NEED_MONGODB["list"](replica).status == 200, "users are listed again")


def test_each_failure_is_a_line_without_a_traceback(replica: LoneReplica) -> None:
    replica.postgresql.cut()
    before = replica.log.stat().st_size

    NEED_POSTGRESQL["statistics"](replica)

    written = replica.log.read_bytes()[before:]
    assert b'"request failed"' in written
    assert b"Traceback" not in written
