"""What the stores hold, counted and read in the stores themselves."""

from typing import Any

import msgspec
from django.db import connection

from users_command.events import Profile
from users_query.documents import COLLECTION
from users_query.mongodb import database

TABLES = (
    "prm_user",
    "prm_user_location",
    "prm_user_identity",
    "prm_user_login",
    "prm_user_picture",
    "cqrs_event",
    "cqrs_idempotency_key",
)


def count(table: str) -> int:
    return int(rows(f"select count(*) from {table}")[0][0])


def counts() -> dict[str, int]:
    """Rows of every table that a write can touch, and documents."""
    return {**{table: count(table) for table in TABLES}, "documents": database()[COLLECTION].count_documents({})}


NOTHING = dict.fromkeys((*TABLES, "documents"), 0)


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def everything() -> str:
    """Every row of every table and every document, as one text to search in."""
    tables = [name for (name,) in rows("select tablename from pg_tables where schemaname = 'public'")]
    texts = [text for table in tables for (text,) in rows(f'select stored::text from "{table}" stored')]
    return "\n".join([*texts, *map(str, database()[COLLECTION].find())])


def newest_profile(user_id: str) -> Profile:
    """The profile in the newest state event of a user."""
    statement = "select (data->'profile')::text from cqrs_event where aggregate_id = %s and version is not null"
    return msgspec.json.decode(rows(f"{statement} order by version desc limit 1", user_id)[0][0], type=Profile)
