"""The number of shards changes while workers run, and no event falls between the old ranges and the new ones."""

import threading

import pytest
from django.db import connection

from cqrs.eventlog import standstill
from cqrs.eventlog.checkpoint import shards_of
from cqrs.testing.waiting import wait_until
from cqrs_project.projector import users_subscription
from tests.management.conftest import Command
from tests.management.population import create, delete, documents, project, refusing, rename
from tests.management.processes import manage
from tests.threads import in_background

UNCONFIRMED = """
select count(*) from cqrs_event state
where version is not null
  and not exists (select from cqrs_event where aggregate_id = state.aggregate_id and confirms = state.version)
"""
RANGES = "select shard, first_bucket, last_bucket from cqrs_checkpoint where subscription = 'users' order by shard"


def test_workers_go_on_with_the_new_shards(command: Command) -> None:
    create(500)
    project()
    done = threading.Event()

    with manage("run_worker", "users-projector") as one, manage("run_worker", "users-projector") as other:
        with in_background(lambda: _write(done)):
            wait_until(lambda: documents().count_documents({}) > 500, "the workers are at work")
            results = [command("reshard_subscription", "users", number) for number in ("8", "1", "13", "4")]
            done.set()
        (last,) = create()
        wait_until(lambda: documents().find_one({"_id": last}), "the workers read on")
        wait_until(lambda: _execute(UNCONFIRMED) == [(0,)], "every version is confirmed")
        alive = one.poll() is None and other.poll() is None

    assert results == [
        (0, "users: 4 shards became 8\n"),
        (0, "users: 8 shards became 1\n"),
        (0, "users: 1 shards became 13\n"),
        (0, "users: 13 shards became 4\n"),
    ]
    assert alive
    assert command("check_projection", "users")[0] == 0


def test_a_window_that_is_half_read_is_finished_first(command: Command) -> None:
    create(60)
    users_subscription(batch_size=5, shards=2).step()
    create(10)

    status, _ = command("reshard_subscription", "users", "3")

    assert status == 0
    assert _execute(RANGES) == [(0, 0, 84), (1, 85, 169), (2, 170, 255)]
    assert documents().count_documents({}) == 70
    assert command("check_projection", "users", "--wait", "0")[0] == 0


def test_what_is_parked_is_still_tried_again_by_whoever_has_its_bucket(command: Command) -> None:
    (user,) = create(1, email="poison@example.org")
    with refusing("poison@example.org"):
        project()
        command("reshard_subscription", "users", "16")
    rename(user, "sound@example.org")

    command("dead_letters", "users", "retry", "--all")
    project()

    assert command("check_projection", "users")[0] == 0


@pytest.mark.parametrize("number", ["0", "257"])
def test_a_number_of_shards_that_cannot_be_is_refused(number: str, command: Command) -> None:
    project()

    status, output = command("reshard_subscription", "users", number)

    assert (status, output) == (2, f"a subscription has 1 to 256 shards, not {number}\n")
    assert len(shards_of("users")) == 4


def test_while_a_swap_may_be_under_way_nothing_is_resharded(command: Command) -> None:
    project()
    create(3)
    standstill.pause("users", 60)

    status, output = command("reshard_subscription", "users", "8")

    assert (status, output) == (2, "subscription 'users' is paused; try again in a minute\n")
    assert len(shards_of("users")) == 4
    assert documents().count_documents({}) == 0


def _write(done: threading.Event) -> None:
    while not done.is_set():
        first, second = create(2)
        rename(first, "renamed@example.org")
        delete(second)


def _execute(statement: str) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[int, ...]] = cursor.fetchall()
    return rows
