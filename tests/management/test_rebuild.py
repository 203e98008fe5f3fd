"""A rebuild builds the documents anew beside the live ones, and takes their place at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connection

from cqrs.eventlog import dead_letters, ownership
from cqrs.eventlog.checkpoint import ensure, names
from cqrs.testing.waiting import wait_until
from tests.management.conftest import Command
from tests.management.population import create, delete, documents, project, refusing, rename
from tests.management.processes import manage
from tests.threads import in_background
from users_query.fresh_collection import CollectionVanished, create_fresh_collection
from users_query.indexes import user_indexes
from users_query.mongodb import database
from users_query.queries import ListUsers, list_users

CONFIRMATIONS = "select count(*) from cqrs_event where stage = 'SYNCHRONIZED'"


def test_a_rebuild_restores_whatever_was_done_to_the_documents(command: Command) -> None:
    vandalised, gone, lost = create(3)
    rename(lost, "new@example.org")
    delete(gone)
    project()
    documents().update_one({"_id": vandalised}, {"$set": {"email": "vandal@example.org"}})
    documents().delete_one({"_id": lost})
    documents().insert_one({"_id": uuid4(), "version": 1})

    status, output = command("rebuild_projection", "users")

    assert status == 0, output
    assert command("check_projection", "users") == (0, "users: 3 checked, 0 differences\n")


def test_the_new_collection_has_all_indexes_and_the_options_of_the_old_one(command: Command) -> None:
    create(2)
    project()
    before = {index["name"] for index in documents().list_indexes()}

    with refusing("nobody@example.org"):
        command("rebuild_projection", "users")
        options = documents().options()

    assert {index["name"] for index in documents().list_indexes()} == before
    assert len(before) == 1 + len(user_indexes())
    assert options["validator"] == {"email": {"$ne": "nobody@example.org"}}


def test_nothing_of_a_rebuild_is_left(command: Command) -> None:
    create(2)
    project()

    command("rebuild_projection", "users")

    assert names("") == ["users"]
    assert database().list_collection_names(filter={"name": {"$regex": "rebuild"}}) == []


def test_what_the_live_projection_had_not_read_yet_is_confirmed_by_the_swap(command: Command) -> None:
    ensure("users")
    create(30)

    status, _ = command("rebuild_projection", "users")

    assert status == 0
    with connection.cursor() as cursor:
        cursor.execute(CONFIRMATIONS)
        assert cursor.fetchone() == (30,)
    assert command("check_projection", "users", "--wait", "0")[0] == 0


def test_reads_and_writes_go_on_while_it_is_rebuilt(command: Command) -> None:
    create(2000)
    project()
    done = threading.Event()

    with (
        manage("run_worker", "users-projector"),
        in_background(lambda: _write(done)),
        in_background(lambda: _read(done)) as reader,
    ):
        wait_until(lambda: documents().count_documents({}) > 2000, "the projector is at work")
        statuses = [command("rebuild_projection", "users") for _ in range(3)]
        done.set()

    assert [status for status, _ in statuses] == [0, 0, 0], statuses
    assert min(reader.result()) == 200, "every page that was read was full"
    project()
    status, output = command("check_projection", "users")
    assert (status, output.endswith(" 0 differences\n")) == (0, True), output


def test_an_event_that_cannot_be_projected_keeps_the_old_documents(command: Command) -> None:
    (poison,) = create(1, email="poison@example.org")
    create(5)
    project()
    identity = _identity()

    with refusing("poison@example.org"):
        status, output = command("rebuild_projection", "users")

    assert status == 2
    assert str(poison) in output
    assert "Document failed validation" in output
    assert "--accept-failures 1" in output
    assert _identity() == identity
    assert names("") == ["users"]
    assert dead_letters.counts("users") == {}


def test_a_failure_that_was_accepted_is_parked_for_the_live_projection(command: Command) -> None:
    (poison,) = create(1, email="poison@example.org")
    create(5)
    project()

    with refusing("poison@example.org"):
        status, output = command("rebuild_projection", "users", "--accept-failures", "1")
        letters = dead_letters.listing("users")
    # The fresh collection took the validator over.
    database().command("collMod", "users", validator={})
    project()

    assert (status, "1 left out and parked" in output) == (0, True)
    assert [letter.aggregate_id for letter in letters] == [poison]
    assert dead_letters.listing("users") == []
    assert command("check_projection", "users")[0] == 0


def test_what_the_live_projection_had_parked_is_tried_again_in_order(command: Command) -> None:
    (poison,) = create(1, email="poison@example.org")
    with refusing("poison@example.org"):
        project()
        rename(poison, "sound@example.org")
        project()
    assert dead_letters.counts("users") == {"retrying": 1, "waiting": 1}

    status, _ = command("rebuild_projection", "users")
    project()

    assert status == 0
    assert dead_letters.counts("users") == {}
    assert command("check_projection", "users")[0] == 0


def test_only_one_rebuild_runs_at_a_time(command: Command) -> None:
    ensure("users")
    with _held_elsewhere():
        status, output = command("rebuild_projection", "users")

    assert (status, output) == (2, "a rebuild of 'users' is running already\n")
    assert command("rebuild_projection", "users")[0] == 0


def test_a_collection_that_was_dropped_while_it_was_filled_takes_no_place() -> None:
    create(1)
    project()
    fresh = create_fresh_collection("test")
    fresh.drop()
    fresh.documents().insert_one({"_id": uuid4(), "version": 1})

    with pytest.raises(CollectionVanished):
        fresh.take_place(lambda: None)

    assert documents().count_documents({}) == 1


def test_the_last_moment_can_still_refuse() -> None:
    create(1)
    project()
    fresh = create_fresh_collection("test")

    with pytest.raises(ZeroDivisionError):
        fresh.take_place(_divide_by_zero)

    assert documents().count_documents({}) == 1


def _divide_by_zero() -> None:
    raise ZeroDivisionError


@contextmanager
def _held_elsewhere() -> Iterator[None]:
    taken, over = threading.Event(), threading.Event()

    def hold() -> None:
        maintenance = ownership.Maintenance("users")
        assert maintenance.take()
        taken.set()
        over.wait(60)
        maintenance.give_back()

    with in_background(hold):
        assert taken.wait(60)
        yield
        over.set()


def _write(done: threading.Event) -> None:
    while not done.is_set():
        first, second = create(2)
        rename(first, "renamed@example.org")
        delete(second)


def _read(done: threading.Event) -> list[int]:
    sizes = []
    while not done.is_set():
        sizes.append(len(list_users(ListUsers(limit=200))))
    return sizes


def _identity() -> object:
    (collection,) = database().list_collections(filter={"name": "users"})
    return collection["info"]["uuid"]
