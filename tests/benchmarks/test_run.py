"""A benchmark must notice when a user is lost or doubled: its speed would be worth nothing."""

from benchmarks.run import check_run, run_times, wait_until_synchronized
from benchmarks.sample import user_bodies
from benchmarks.stack import Stack
from tests.benchmarks.conftest import USERS, take_in
from users_query.documents import COLLECTION

ONE_USER = "select id from prm_user where seed = %s limit 1"


def one_user(stack: Stack, seed: str) -> object:
    row = stack.postgres.execute(ONE_USER, [seed]).fetchone()
    assert row is not None
    return row[0]


def test_a_run_in_which_every_user_is_there_once_is_right(stack: Stack, seed: str) -> None:
    assert check_run(stack, seed, accepted=USERS, sent=USERS) == ()


def test_a_request_that_failed_may_have_been_stored(stack: Stack, seed: str) -> None:
    assert check_run(stack, seed, accepted=USERS - 1, sent=USERS) == ()


def test_a_user_that_was_accepted_and_is_not_there_is_found(stack: Stack, seed: str) -> None:
    findings = check_run(stack, seed, accepted=USERS + 1, sent=USERS + 1)

    assert findings == (f"{seed}: 1 accepted users are not in PostgreSQL",)


def test_a_user_that_is_there_twice_is_found(stack: Stack, seed: str) -> None:
    take_in(seed, user_bodies("others", 1))

    findings = check_run(stack, seed, accepted=USERS, sent=USERS)

    assert findings == (f"{seed}: 1 users are in PostgreSQL beyond those that were sent",)


def test_a_missing_document_is_found(stack: Stack, seed: str) -> None:
    stack.mongodb[COLLECTION].delete_one({"_id": one_user(stack, seed)})

    findings = check_run(stack, seed, accepted=USERS, sent=USERS)

    assert findings == (f"{seed}: 1 users have no document",)


def test_a_document_without_a_user_is_found(stack: Stack, seed: str) -> None:
    stack.mongodb[COLLECTION].insert_one({"seed": seed, "deleted": False, "version": 1})

    findings = check_run(stack, seed, accepted=USERS, sent=USERS)

    assert findings == (f"{seed}: 1 documents have no user",)


def test_a_user_that_was_never_confirmed_is_found(stack: Stack, seed: str) -> None:
    stack.postgres.execute("delete from cqrs_event where confirms = 1 and aggregate_id = %s", [one_user(stack, seed)])

    findings = check_run(stack, seed, accepted=USERS, sent=USERS)

    assert findings == (f"{seed}: 1 users do not have exactly one SYNCHRONIZED event",)


def test_a_user_that_was_created_twice_is_found(stack: Stack, seed: str) -> None:
    stack.postgres.execute(
        "update cqrs_event set stage = 'CREATED' where confirms = 1 and aggregate_id = %s", [one_user(stack, seed)]
    )

    findings = check_run(stack, seed, accepted=USERS, sent=USERS)

    assert findings == (
        f"{seed}: 1 users do not have exactly one CREATED event",
        f"{seed}: 1 users do not have exactly one SYNCHRONIZED event",
    )


def test_waiting_ends_when_all_are_confirmed(stack: Stack, seed: str) -> None:
    seen = wait_until_synchronized(stack, seed, USERS)

    times = run_times(stack, seed)
    assert times.first_created <= times.last_created <= times.last_synchronized
    assert times.last_synchronized.timestamp() <= seen
    assert 0 <= times.p50 <= times.p95 <= times.p99


def test_waiting_for_a_user_that_never_comes_ends_too(stack: Stack, seed: str) -> None:
    wait_until_synchronized(stack, seed, USERS + 1, patience=0.1)
