"""A check names every difference between the stores and the log, none that is merely under way, and mends them."""

import json
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from bson import Binary
from bson.datetime_ms import DatetimeMS
from django.db import connection

from cqrs.testing.waiting import wait_until
from tests.management.conftest import Command
from tests.management.population import create, delete, documents, project, refusing, rename
from tests.management.processes import manage
from tests.threads import in_background
from users_query.documents import COLLECTION
from users_query.mongodb import database

CLEAN = 0
DIFFERENT = 1
FAILED = 2

Vandalism = Callable[[UUID], None]


def _remove(user_id: UUID) -> None:
    documents().delete_one({"_id": user_id})


def _age(user_id: UUID) -> None:
    documents().update_one({"_id": user_id}, {"$set": {"version": 1, "email": "old@example.org"}})


def _advance(user_id: UUID) -> None:
    documents().update_one({"_id": user_id}, {"$set": {"version": 99}})


def _alter(user_id: UUID) -> None:
    change = {"$set": {"email": "vandal@example.org", "location.city": "Paris"}, "$unset": {"nat": ""}}
    documents().update_one({"_id": user_id}, change)


def _garble_version(user_id: UUID) -> None:
    documents().update_one({"_id": user_id}, {"$set": {"version": "two"}})


def _postpone(user_id: UUID) -> None:
    documents().update_one({"_id": user_id}, {"$set": {"createdAt": DatetimeMS(2**53)}})


def _bury(user_id: UUID) -> None:
    documents().replace_one({"_id": user_id}, {"version": 2, "deleted": True})


def _unconfirm(user_id: UUID) -> None:
    _execute("delete from cqrs_event where aggregate_id = %s and confirms = 2", user_id)


@pytest.mark.parametrize(
    ("vandalise", "sentence"),
    [
        (_remove, "missing: there is no document"),
        (_age, "stale: the document has version 1, the log 2"),
        (_advance, "ahead: the document has version 99, which the log does not know; its newest is 2"),
        (_alter, "different: the document differs in email, location.city, nat"),
        (_postpone, "different: the document differs in createdAt"),
        (_garble_version, "different: the document differs in version"),
        (_bury, "different: the document differs in appId, createdAt, currentStatus, deleted"),
        (_unconfirm, "unconfirmed: versions 2 are not confirmed as synchronised"),
    ],
)
def test_a_difference_is_named_and_mended(vandalise: Vandalism, sentence: str, command: Command) -> None:
    user, *_ = create(3)
    rename(user, "new@example.org")
    project()
    vandalise(user)

    found = command("check_projection", "users")
    repaired = command("check_projection", "users", "--repair")
    after = command("check_projection", "users")

    assert found[0] == DIFFERENT
    assert found[1].startswith(f"{user}: {sentence}"), found[1]
    assert found[1].endswith("\nusers: 3 checked, 1 differences\n")
    assert repaired == (CLEAN, f"{found[1]}users: 3 checked, 0 differences\n")
    assert after == (CLEAN, "users: 3 checked, 0 differences\n")


@pytest.mark.parametrize(
    ("vandalise", "sentence"),
    [
        (_remove, "tombstone-missing: it is deleted, but there is no tombstone"),
        (
            lambda user_id: documents().replace_one({"_id": user_id}, {"version": 1, "deleted": False}),
            "not-deleted: it is deleted, but the document is alive",
        ),
        (
            lambda user_id: documents().replace_one({"_id": user_id}, {"version": 2, "deleted": False}),
            "not-deleted: it is deleted, but the document is alive",
        ),
    ],
)
def test_a_deleted_user_has_a_tombstone(vandalise: Vandalism, sentence: str, command: Command) -> None:
    (user,) = create()
    delete(user)
    project()
    vandalise(user)

    found = command("check_projection", "users")
    repaired, _ = command("check_projection", "users", "--repair")

    assert found == (DIFFERENT, f"{user}: {sentence}\nusers: 1 checked, 1 differences\n")
    assert repaired == CLEAN
    assert documents().find_one({"_id": user}) == {"_id": user, "version": 2, "deleted": True}


@pytest.mark.parametrize(
    "stray", [uuid4(), UUID(int=0), UUID(int=2**128 - 1), "text", 7, Binary(b"x" * 16, 3), Binary(b"long" * 9, 0)]
)
def test_a_document_without_a_user_is_named_and_deleted(stray: object, command: Command) -> None:
    create(2)
    project()
    documents().insert_one({"_id": stray, "version": 1, "email": "nobody@example.org"})

    status, output = command("check_projection", "users")
    repaired, _ = command("check_projection", "users", "--repair")

    assert status == DIFFERENT
    assert output.startswith(f"{stray}: stray: there is a document, but the log knows nothing of it\n")
    assert repaired == CLEAN
    assert documents().count_documents({}) == 2


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "update prm_user set email = 'other@example.org' where id = %s",
            "row-different: the row differs in email from the newest event",
        ),
        (
            "delete from prm_user_location where user_id = %s",
            "row-different: the row differs in city, has_location, street_name, street_number from the newest event",
        ),
        (
            "update prm_user set deleted_at = updated_at where id = %s",
            "row-different: the row differs in deleted_at from the newest event",
        ),
    ],
)
def test_a_row_that_differs_from_the_log_is_named_and_left_alone(
    statement: str, sentence: str, command: Command
) -> None:
    user, _ = create(2)
    project()
    _execute(statement, user)

    status, output = command("check_projection", "users", "--repair")

    assert status == DIFFERENT
    assert output == f"{user}: {sentence}\nusers: 2 checked, 1 differences\n" * 2


def test_rows_and_events_have_to_exist_together(command: Command) -> None:
    without_row, without_event = create(2)
    project()
    for satellite in ("location", "identity", "login", "picture"):
        _execute(f"delete from prm_user_{satellite} where user_id = %s", without_row)
    _execute("delete from prm_user where id = %s", without_row)
    _execute("delete from cqrs_event where aggregate_id = %s", without_event)
    documents().delete_one({"_id": without_event})

    status, output = command("check_projection", "users")

    assert status == DIFFERENT
    assert output == (
        f"{without_row}: row-missing: the log knows it, but there is no row\n"
        f"{without_event}: row-stray: there is a row, but the log knows nothing of it\n"
        "users: 1 checked, 2 differences\n"
    )


def test_an_event_that_cannot_be_read_is_named(command: Command) -> None:
    (user,) = create()
    project()
    _execute("update cqrs_event set name = 'users.unheard_of.v9' where aggregate_id = %s and version = 1", user)
    documents().delete_one({"_id": user})

    status, output = command("check_projection", "users", "--repair")

    assert status == DIFFERENT
    assert f"{user}: unreadable: its newest event cannot be read: no event is registered" in output


def test_a_user_whose_event_is_parked_is_named_with_it_and_stays_so_until_its_cause_is_gone(command: Command) -> None:
    (user,) = create()
    project()
    rename(user, "poison@example.org")
    with refusing("poison@example.org"):
        project()
        refused, output = command("check_projection", "users", "--repair")
    mended, _ = command("check_projection", "users", "--repair")
    project()

    assert refused == DIFFERENT
    assert f"{user}: stale: the document has version 1, the log 2 (event " in output
    assert f"{user}: could not be mended: Document failed validation" in output
    assert mended == CLEAN
    assert command("dead_letters", "users", "list") == (0, "nothing is parked for users\n")


def test_what_is_under_way_is_no_difference(command: Command) -> None:
    create(1500)
    project()
    done = threading.Event()

    with manage("run_worker", "users-projector"), in_background(lambda: _write(done)):
        wait_until(lambda: documents().count_documents({}) > 1500, "the projector is at work")
        results = [command("check_projection", "users") for _ in range(8)]
        done.set()

    assert [(status, output[-14:]) for status, output in results] == [(CLEAN, "0 differences\n")] * 8, results


def test_nothing_can_be_said_while_the_subscription_is_behind(command: Command) -> None:
    create(3)
    project()
    create(2)

    status, output = command("check_projection", "users", "--wait", "0")

    assert status == FAILED
    assert output == "subscription 'users' still has 2 events to read after 0 s: does its worker run?\n"


def test_stores_larger_than_a_batch_are_compared_to_the_end(command: Command) -> None:
    users = create(1200)
    project()
    lost = sorted(users)[::300]
    documents().delete_many({"_id": {"$in": lost}})
    strays = [uuid4() for _ in range(700)]
    documents().insert_many([{"_id": stray, "version": 1} for stray in strays])

    status, output = command("check_projection", "users")
    repaired, _ = command("check_projection", "users", "--repair")

    assert status == DIFFERENT
    named = [tuple(line.split(": ")[:2]) for line in output.splitlines()[:-1]]
    assert sorted(named) == sorted([(str(u), "missing") for u in lost] + [(str(s), "stray") for s in strays])
    assert repaired == CLEAN


def test_all_documents_lost_are_all_written_again(command: Command) -> None:
    create(700)
    project()
    database().drop_collection(COLLECTION)

    status, output = command("check_projection", "users", "--repair")

    assert status == CLEAN, output
    assert documents().count_documents({}) == 700


def test_the_output_can_be_read_by_programs(command: Command) -> None:
    (user,) = create()
    project()
    documents().update_one({"_id": user}, {"$set": {"email": "vandal@example.org"}})

    status, output = command("check_projection", "users", "--json")

    assert status == DIFFERENT
    assert [json.loads(line) for line in output.splitlines()] == [
        {"id": str(user), "kind": "different", "fields": ["email"]},
        {"checked": 1, "differences": 1},
    ]


def _write(done: threading.Event) -> None:
    while not done.is_set():
        first, second = create(2)
        rename(first, "renamed@example.org")
        rename(first, "renamed-again@example.org")
        delete(second)


def _execute(statement: str, user_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [user_id])
