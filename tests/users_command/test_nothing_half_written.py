"""A creation that fails anywhere leaves nothing behind, and takes nobody else down with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.threads import in_threads
from tests.users_command.stored import NOTHING, counts, rows
from tests.users_command.user_requests import new_client, post_user, post_users

POISON = {
    "email": "poison@example.org",
    "name": {"first": "Poison"},
    "location": {"city": "Odense"},
    "id": {"name": "CPR"},
    "login": {"uuid": "9a723211-0e87-41f1-b1e4-ed1a15226b80"},
    "picture": {"large": "https://example.org/poison.jpg"},
}
FAILURES = [
    ("prm_user", "first_name <> 'Poison'"),
    ("prm_user_location", "city <> 'Odense'"),
    ("prm_user_identity", "name <> 'CPR'"),
    ("prm_user_login", "uuid <> '9a723211-0e87-41f1-b1e4-ed1a15226b80'"),
    ("prm_user_picture", "large not like '%poison%'"),
    ("cqrs_event", "data->'profile'->>'email' <> 'poison@example.org'"),
]


@contextmanager
def refused_by(table: str, condition: str) -> Iterator[None]:
    """Let PostgreSQL refuse the poison in one of the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"alter table {table} add constraint refuse_poison check ({condition})".replace("%", "%%"), [])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"alter table {table} drop constraint refuse_poison")


@pytest.mark.parametrize(("table", "condition"), FAILURES)
def test_a_failure_in_any_table_leaves_no_row_in_another(client: Client, table: str, condition: str) -> None:
    with refused_by(table, condition):
        answer = post_user(client, POISON)

    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/unexpected"
    assert "poison" not in answer.content.decode()
    assert counts() == NOTHING


def test_a_failure_under_a_key_leaves_the_key_free(client: Client) -> None:
    with refused_by(*FAILURES[-1]):
        refused = post_user(client, POISON, idempotency_key="key-1")

    again = post_user(client, POISON, idempotency_key="key-1")

    assert (refused.status_code, again.status_code) == (500, 201)


def test_a_failing_bulk_stores_none_of_its_users(client: Client) -> None:
    with refused_by(*FAILURES[0]):
        answer = post_users(client, [{"email": "a@example.org"}, POISON, {"email": "b@example.org"}])

    assert answer.status_code == 500
    assert counts() == NOTHING


def test_users_that_share_a_transaction_with_a_failing_one_are_stored() -> None:
    users: list[Any] = [{"email": f"{number}@example.org"} for number in range(15)]
    barrier = Barrier(16)

    def send(user: Any) -> int:
        barrier.wait(60)
        return int(post_user(new_client(), user).status_code)

    with refused_by(*FAILURES[0]):
        statuses = in_threads([lambda user=user: send(user) for user in [*users, POISON]])  # type: ignore[misc]

    assert statuses == [201] * 15 + [500]
    assert len(rows("select id from prm_user")) == 15
    assert counts()["cqrs_event"] == 15
