"""A user whose document MongoDB refuses holds back only itself, and is confirmed once it is accepted."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from cqrs.context import Context
from cqrs.messages import Envelope
from cqrs_project.projector import users_subscription
from users_command.commands import CreateUser, UpdateUser
from users_command.events import Profile
from users_command.handlers.change_user import update_user
from users_command.handlers.group import create_users_at_once
from users_query.documents import COLLECTION
from users_query.mongodb import database

REFUSED = "refused@example.org"
CONTEXT = Context(app_id="instance-1")
CONFIRMED = """
select aggregate_id, array_agg(confirms order by id) from cqrs_event where confirms is not null group by aggregate_id
"""
LETTERS = "select aggregate_id, state, error_type from cqrs_dead_letter order by position"
MAKE_DUE = "update cqrs_dead_letter set next_attempt_at = clock_timestamp() where state = 'retrying'"


@pytest.fixture(autouse=True)
def _accepting_everything_afterwards(_clean: None) -> Iterator[None]:
    yield
    refuse(None)


def refuse(email: str | None) -> None:
    """Have the collection refuse documents with this email, or none."""
    database().command("collMod", COLLECTION, validator={} if email is None else {"email": {"$ne": email}})


def ask(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def create(emails: list[str]) -> dict[str, UUID]:
    commands = [Envelope(CreateUser(seed="run-1", profile=Profile(email=email)), CONTEXT) for email in emails]
    return {user.email: user.user_id for user in create_users_at_once(commands)}


def change(user_id: UUID, email: str) -> None:
    command = UpdateUser(user_id=user_id, allowed_versions=frozenset({1}), patch={"email": email})
    with transaction.atomic():
        update_user(Envelope(command, CONTEXT))


def test_all_others_are_synchronized_and_the_poison_follows_when_it_is_cured() -> None:
    good = [f"user-{number}@example.org" for number in range(400)]
    refuse(REFUSED)
    users = create([*good[:200], REFUSED, *good[200:]])
    poison = users.pop(REFUSED)
    subscription = users_subscription()

    subscription.drain()
    change(poison, "accepted@example.org")
    subscription.drain()
    while_poisonous = dict(ask(CONFIRMED)), ask(LETTERS), database()[COLLECTION].count_documents({})
    refuse(None)
    ask(MAKE_DUE)
    subscription.drain()

    confirmed, letters, stored = while_poisonous
    assert confirmed == {user_id: [1] for user_id in users.values()}
    assert letters == [(poison, "retrying", "DocumentRefused"), (poison, "waiting", None)]
    assert stored == 400
    assert dict(ask(CONFIRMED))[poison] == [1, 2]
    assert ask(LETTERS) == []
    document = database()[COLLECTION].find_one({"_id": poison})
    assert document is not None
    assert (document["version"], document["email"]) == (2, "accepted@example.org")
