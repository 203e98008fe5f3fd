"""What the embedded stores hold outlives a stop, also when the ports change; only `reset` removes it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pymongo import MongoClient

from infra.stack.settings import StackSettings, read_settings
from infra.stack.stores import start_stores
from infra.stack.supervisor import STORES, Supervisor
from tests.running_stack import stack_command, stack_variables


def test_a_second_start_finds_the_data_of_the_first_and_reset_removes_it(short_folder: Path) -> None:
    with _stores(short_folder) as first, psycopg.connect(first["DATABASE_URL"]) as connection, _mongo(first) as mongo:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        mongo.kept.answers.insert_one({"answer": 42})
    (short_folder / "of-the-operator.txt").write_text("not ours")

    with (
        _stores(short_folder) as second,
        psycopg.connect(second["DATABASE_URL"]) as connection,
        _mongo(second) as mongo,
    ):
        row = connection.execute("SELECT answer FROM kept").fetchone()
        document = mongo.kept.answers.find_one({}, {"_id": 0})
    stack_command("reset", stack_variables(short_folder))

    assert second["MONGODB_URI"] != first["MONGODB_URI"]
    assert row == (42,)
    assert document == {"answer": 42}
    assert [path.name for path in short_folder.iterdir()] == ["of-the-operator.txt"]


@contextmanager
def _stores(folder: Path) -> Iterator[dict[str, str]]:
    """The three stores in this folder on ports that no start before had; yields their addresses."""
    settings: StackSettings = read_settings(stack_variables(folder))
    settings.layout.create()
    try:
        start_stores(settings.layout, settings.stores, os.environ, bound=True)
        yield settings.environment()
    finally:
        Supervisor(settings.layout, STORES).stop()


def _mongo(environment: dict[str, str]) -> MongoClient[dict[str, Any]]:
    return MongoClient(environment["MONGODB_URI"])
