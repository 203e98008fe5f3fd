"""A write that is repeated under its key has its effect once and its answer as often as it is asked for."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, RequestFactory

from cqrs.errors import Unavailable
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.idempotency import purge_expired_keys, run_idempotently
from cqrs.web.idempotency_key import KeyInUse

pytestmark = pytest.mark.usefixtures("effects")


def post(client: Client, email: str = "a@example.org", key: str | None = "key-1", path: str = "/api/things") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(path, {"email": email}, content_type="application/json", headers=headers)


def count(table: str = "edge_test_effect") -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def age_keys(hours: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cqrs_idempotency_key SET created_at = now() - make_interval(hours => %s)", [hours])


def in_threads(calls: list[Callable[[], Any]]) -> list[Any]:
    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(client: Client) -> None:
    first = post(client)

    second = post(client)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert [second[name] for name in ("Location", "ETag", "Content-Type")] == ["/things/1", '"1"', "application/json"]
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert count() == 1


def test_the_same_key_with_another_body_is_422_and_changes_nothing(client: Client) -> None:
    post(client)

    answer = post(client, email="b@example.org")

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/idempotency-key-reused"
    assert count() == 1


def test_a_key_counts_for_its_address_with_the_query(client: Client) -> None:
    post(client, path="/api/things?seed=a")

    answer = post(client, path="/api/things?seed=b")

    assert answer.status_code == 201
    assert count() == 2


def test_without_a_key_every_request_is_a_new_one(client: Client) -> None:
    post(client, key=None)

    post(client, key=None)

    assert count() == 2
    assert count("cqrs_idempotency_key") == 0


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "clé", "a\tb", "\x7f"])
def test_a_key_that_is_not_visible_ascii_is_400(client: Client, key: str) -> None:
    answer = client.post("/api/things", {"email": "a@b"}, content_type="application/json", HTTP_IDEMPOTENCY_KEY=key)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "Idempotency-Key"
    assert count() == 0


def test_an_answer_is_kept_only_if_its_effects_are(client: Client) -> None:
    refused = post(client, email="raises@example.org")
    failed = post(client, email="answers-500@example.org", key="key-2")

    assert (refused.status_code, failed.status_code) == (412, 500)
    assert count() == 0
    assert count("cqrs_idempotency_key") == 0
    assert post(client).status_code == 201


def test_a_request_whose_twin_is_still_in_flight_is_409_and_succeeds_later() -> None:
    started, finish = Event(), Event()

    def slow_work() -> Answer:
        started.set()
        assert finish.wait(60)
        return Answer.json(201, {"slow": True})

    def twin() -> Any:
        assert started.wait(60)
        try:
            with pytest.raises(KeyInUse):
                run_idempotently(keyed_request(), slow_work)
        finally:
            finish.set()

    first, _ = in_threads([lambda: run_idempotently(keyed_request(), slow_work), twin])
    replay = run_idempotently(keyed_request(), slow_work)

    assert first.status == 201
    assert replay.body == first.body
    assert replay.headers["Idempotent-Replayed"] == "true"


def test_many_twins_at_once_have_one_effect() -> None:
    twins = 12
    barrier = Barrier(twins)

    def send() -> Any:
        barrier.wait(60)
        return post(Client(raise_request_exception=False))

    answers = in_threads([send] * twins)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert [answer.status_code for answer in answers].count(201) >= 1
    assert all(answer["Retry-After"] == "1" for answer in answers if answer.status_code == 409)
    assert count() == 1
    assert count("cqrs_idempotency_key") == 1


def test_a_key_is_free_again_when_the_connection_of_its_first_request_dies(client: Client) -> None:
    def dying_work() -> Answer:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO edge_test_effect (note) VALUES ('half')")
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        kill_backend(pid)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Answer.json(201, {})

    def die() -> None:
        with pytest.raises(Unavailable):
            run_idempotently(keyed_request(), dying_work)

    in_threads([die])
    retry = post(client)

    assert retry.status_code == 201
    assert count() == 1


def test_a_day_later_the_key_is_new(client: Client) -> None:
    post(client)
    age_keys(hours=25)

    answer = post(client, email="b@example.org")

    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer
    assert post(client, email="b@example.org")["Idempotent-Replayed"] == "true"


def test_purging_deletes_what_is_older_than_a_day_in_bounded_batches(client: Client) -> None:
    for number in range(5):
        post(client, key=f"old-{number}")
    age_keys(hours=25)

    batches = [purge_expired_keys(batch=2) for _ in range(4)]

    assert batches == [2, 2, 1, 0]


def test_each_kept_answer_takes_expired_ones_away(client: Client) -> None:
    for number in range(3):
        post(client, key=f"old-{number}")
    age_keys(hours=25)

    for number in range(2):
        post(client, key=f"young-{number}")

    assert count("cqrs_idempotency_key") == 2


def test_the_purge_command_says_how_many_it_deleted(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        post(client, key=f"old-{number}")
    age_keys(hours=25)

    call_command("purge_idempotency_keys", "--batch", "2")

    assert capsys.readouterr().out == "3 expired idempotency keys deleted\n"


def keyed_request() -> ApiRequest:
    request = RequestFactory().post(
        "/api/things",
        json.dumps({"email": "a@example.org"}),
        content_type="application/json",
        headers={"Idempotency-Key": "key-1"},
    )
    view = ApiView()
    view.setup(request)
    return view.initialize_request(request)


def kill_backend(pid: int) -> None:
    parameters = connection.get_connection_params()
    names = {"dbname": "dbname", "user": "user", "password": "password", "host": "host", "port": "port"}
    with psycopg.connect(**{name: parameters[key] for name, key in names.items() if parameters.get(key)}) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", [pid])
