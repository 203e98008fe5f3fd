"""A stack as the benchmarks see it, on the session's stores: without replicas, and with 50 users of one run."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from benchmarks.sample import new_seed, user_bodies
from benchmarks.stack import Stack
from cqrs.context import Context
from cqrs.messages import Envelope
from cqrs.web.strict_json import decode
from cqrs.web.validation import validate
from cqrs_project.projector import users_subscription
from infra.stack.layout import Layout
from users_command.commands import CreateUser
from users_command.handlers.group import create_users_at_once
from users_command.serializers import UserIn, profile_from
from users_query.mongodb import database

USERS = 50


def take_in(seed: str, bodies: list[bytes]) -> None:
    """Store users under a run, and project them."""
    context = Context(app_id=settings.APP_ID, seed=seed)
    profiles = [profile_from(validate(decode(body), UserIn)) for body in bodies]
    create_users_at_once([Envelope(CreateUser(seed=seed, profile=profile), context) for profile in profiles])
    users_subscription().drain()


@pytest.fixture
def seed(clean_stores: None) -> str:
    """A run whose users are in both stores."""
    seed = new_seed("test")
    take_in(seed, user_bodies(seed, USERS))
    return seed


@pytest.fixture
def stack(clean_stores: None, tmp_path: Path) -> Iterator[Stack]:
    """The session's stores; nothing answers at its address."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0]
    with psycopg.connect(f"{url}/{connection.settings_dict['NAME']}", autocommit=True) as postgres:
        yield Stack(Layout(tmp_path), "http://127.0.0.1:9", postgres, database())
