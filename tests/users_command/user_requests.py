"""The requests of the write side, as the tests send them."""

from typing import Any

from django.test import Client

USERS = "/api/v1/user-command"
BULK = f"{USERS}/bulk"
MERGE_PATCH = "application/merge-patch+json"

Answer = Any


def new_client() -> Client:
    """A client that gets error answers as they are sent, instead of the exceptions behind them."""
    return Client(raise_request_exception=False)


def post_user(client: Client, user: object, *, seed: str = "run-1", **headers: str) -> Answer:
    return client.post(f"{USERS}?seed={seed}", user, content_type="application/json", headers=_named(headers))


def post_users(client: Client, users: object, *, query: str = "?seed=run-1", **headers: str) -> Answer:
    return client.post(f"{BULK}{query}", users, content_type="application/json", headers=_named(headers))


def post_lines(client: Client, lines: bytes, *, query: str = "?seed=run-1") -> Answer:
    return client.post(f"{BULK}{query}", lines, content_type="application/x-ndjson")


def created(client: Client, user: object, *, seed: str = "run-1") -> str:
    """The id of a user that did not exist before."""
    answer = post_user(client, user, seed=seed)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def read_user(client: Client, user_id: str) -> Answer:
    return client.get(f"{USERS}/{user_id}")


def read_events(client: Client, user_id: str) -> Answer:
    return client.get(f"{USERS}/{user_id}/events")


def patch_user(client: Client, user_id: str, patch: object, if_match: str | None = '"1"', **headers: str) -> Answer:
    guard = {} if if_match is None else {"If-Match": if_match}
    return client.patch(f"{USERS}/{user_id}", patch, content_type=MERGE_PATCH, headers={**guard, **_named(headers)})


def delete_user(client: Client, user_id: str, if_match: str | None = '"1"', **headers: str) -> Answer:
    guard = {} if if_match is None else {"If-Match": if_match}
    return client.delete(f"{USERS}/{user_id}", headers={**guard, **_named(headers)})


def _named(headers: dict[str, str]) -> dict[str, str]:
    """`idempotency_key` is `Idempotency-Key`."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
