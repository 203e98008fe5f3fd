"""A rebuild that is killed or frozen, wherever it has got to, costs no document."""

import signal
import time
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from cqrs.eventlog.checkpoint import names
from cqrs.testing.waiting import wait_until
from cqrs_project.projector import users_subscription
from tests.management.conftest import Command
from tests.management.holds import (
    APPID,
    SECONDS,
    Hold,
    before_the_swap,
    between_rename_and_commit,
    fresh_collections,
    in_the_copy,
)
from tests.management.population import create, delete, documents, project, rename
from tests.management.processes import hurried_rebuild, manage, said
from users_query.mongodb import DEADLINE, database

TRANSACTIONS = "select count(*) from pg_stat_activity where application_name = %s and state <> 'idle'"
PAUSED = "select count(*) from cqrs_checkpoint where paused_until > clock_timestamp()"
# Instead of 20, where it does not matter how long the live projection stands still; a rebuild that is not through with
# the swap by then gives up, as it may on a busy machine within five.
PAUSE = 15.0
RENAMES: list[dict[str, Any]] = [
    {"$currentOp": {}},
    {"$match": {"command.renameCollection": {"$exists": True}, "waitingForLock": True}},
]


@pytest.fixture
def population() -> list[UUID]:
    """Users with their documents."""
    users = create(300)
    project()
    return users


def _vandalise(user_id: UUID) -> None:
    """Break a document, so that it can be seen whether a rebuild has replaced it."""
    documents().update_one({"_id": user_id}, {"$set": {"email": "vandal@example.org"}})


def _go_on(users: list[UUID]) -> None:
    create(20)
    rename(users[1], "renamed@example.org")
    delete(users[2])


@pytest.mark.parametrize("hold", [in_the_copy, before_the_swap, between_rename_and_commit])
def test_the_next_rebuild_starts_clean(hold: Hold, population: list[UUID], command: Command) -> None:
    _vandalise(population[0])
    with manage("rebuild_projection", "users", APPID=APPID) as rebuild, hold() as wait:
        wait()
        _go_on(population)
        rebuild.kill()
        rebuild.wait()

    status, output = command("rebuild_projection", "users")

    assert status == 0, output
    assert command("check_projection", "users") == (0, "users: 320 checked, 0 differences\n")
    assert names("") == ["users"]
    assert fresh_collections() == []


def test_after_the_rename_the_live_projection_goes_on_where_it_was(population: list[UUID], command: Command) -> None:
    _vandalise(population[0])
    with hurried_rebuild(PAUSE, APPID=APPID) as rebuild, between_rename_and_commit() as wait:
        _go_on(population)
        wait()
        rebuild.kill()
        rebuild.wait()
    rename(population[3], "later@example.org")

    _project_after_the_pause()

    assert command("check_projection", "users") == (0, "users: 320 checked, 0 differences\n")


def test_a_rename_that_outlives_its_sender_throws_nothing_away(population: list[UUID], command: Command) -> None:
    admin = database().client.admin
    try:
        with manage("rebuild_projection", "users", APPID=APPID) as rebuild:
            with before_the_swap() as wait:
                wait()
                admin.command("fsync", lock=True)
            wait_until(lambda: list(admin.aggregate(RENAMES)), "MongoDB has the rename in hand", seconds=SECONDS)
            rebuild.kill()
            rebuild.wait()
        _go_on(population)
        went_on = users_subscription().step()
    finally:
        admin.command("fsyncUnlock")

    wait_until(lambda: not fresh_collections(), "MongoDB has carried it out although its sender is dead")
    _project_after_the_pause()

    assert not went_on, "nobody writes to a collection that may be about to vanish"
    assert command("check_projection", "users") == (0, "users: 320 checked, 0 differences\n")


def test_a_rename_that_takes_too_long_is_given_up(population: list[UUID], command: Command) -> None:
    _vandalise(population[0])
    admin = database().client.admin
    try:
        with hurried_rebuild(3 * DEADLINE, APPID=APPID) as rebuild:
            with before_the_swap() as wait:
                wait()
                admin.command("fsync", lock=True)
            _, error = rebuild.communicate(timeout=SECONDS)
    finally:
        admin.command("fsyncUnlock")
    _go_on(population)
    _project_after_the_pause()
    status, output = command("check_projection", "users")

    assert rebuild.returncode == 2
    assert said(error) == ["CommandError: mongodb is unavailable"]
    assert (status, output.splitlines()[:-1]) == (
        1,
        [f"{population[0]}: different: the document differs in email"],
    )
    assert command("rebuild_projection", "users")[0] == 0
    assert command("check_projection", "users") == (0, "users: 320 checked, 0 differences\n")


def test_one_that_freezes_before_the_rename_renames_nothing_later(population: list[UUID], command: Command) -> None:
    _vandalise(population[0])
    broken = documents().find_one({"_id": population[0]})
    with manage("rebuild_projection", "users", APPID=APPID) as rebuild:
        with before_the_swap() as wait:
            wait()
            rebuild.send_signal(signal.SIGSTOP)
        _project_after_the_pause()
        wait_until(lambda: not _transactions(), "PostgreSQL has ended the frozen session", seconds=SECONDS)
        rebuild.send_signal(signal.SIGCONT)
        _, error = rebuild.communicate(timeout=SECONDS)

    assert rebuild.returncode == 2
    assert "postgresql is unavailable" in error
    assert documents().find_one({"_id": population[0]}) == broken
    assert fresh_collections() == []


def _transactions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(TRANSACTIONS, [f"cqrs {APPID}"])
        return int(cursor.fetchone()[0])


def _project_after_the_pause() -> None:
    wait_until(_is_not_paused, "the pause has ended", seconds=SECONDS)
    project()


def _is_not_paused() -> bool:
    time.sleep(0.1)
    with connection.cursor() as cursor:
        cursor.execute(PAUSED)
        return bool(cursor.fetchone() == (0,))
