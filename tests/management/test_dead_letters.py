"""Parked events can be listed, looked at, tried again and skipped."""

import json
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from cqrs.eventlog import dead_letters
from cqrs.retry import RetryPolicy
from cqrs.testing.waiting import wait_until
from cqrs_project.projector import users_subscription
from tests.management.conftest import Command
from tests.management.population import create, documents, project, refusing, rename
from tests.management.processes import manage, managed

POISON = "poison@example.org"


@pytest.fixture
def parked() -> tuple[UUID, list[int]]:
    """A user whose first event was refused and whose second waits behind it, and their positions."""
    (user,) = create(1, email=POISON)
    with refusing(POISON):
        project()
        rename(user, "sound@example.org")
        project()
    return user, [letter.position for letter in dead_letters.listing("users")]


def test_they_are_listed_in_order(parked: tuple[UUID, list[int]], command: Command) -> None:
    user, positions = parked

    status, output = command("dead_letters", "users", "list", "--json")

    letters = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert [letter["position"] for letter in letters] == positions
    assert [letter["state"] for letter in letters] == ["retrying", "waiting"]
    assert {letter["aggregateId"] for letter in letters} == {str(user)}
    assert letters[0]["errorType"] == "DocumentRefused"


def test_the_table_is_for_people(parked: tuple[UUID, list[int]], command: Command) -> None:
    user, positions = parked

    _, output = command("dead_letters", "users", "list", "--user", str(user))

    assert str(positions[0]) in output
    assert "users.user_created.v1" in output
    assert "retrying" in output


def test_those_of_another_user_are_left_out(parked: tuple[UUID, list[int]], command: Command) -> None:
    other = "01936b8e-7c7a-7000-8000-000000000001"

    assert command("dead_letters", "users", "list", "--user", other) == (0, "nothing is parked for users\n")


def test_one_is_shown_with_its_cause_but_without_its_data(parked: tuple[UUID, list[int]], command: Command) -> None:
    user, (position, _) = parked

    _, output = command("dead_letters", "users", "show", str(position))
    _, with_data = command("dead_letters", "users", "show", str(position), "--payload", "--json")

    shown = json.loads(output)
    assert "Document failed validation" in shown["error"]
    assert {"attempts", "parkedAt", "lastAttemptAt", "nextAttemptAt"} <= shown.keys()
    assert shown["event"]["aggregate_id"] == str(user)
    assert shown["event"]["name"] == "users.user_created.v1"
    assert POISON not in output
    assert json.loads(with_data)["event"]["data"]["profile"]["email"] == POISON


@pytest.mark.parametrize("which", ["position", "user", "all"])
def test_a_retry_is_made_by_the_worker_at_once(which: str, parked: tuple[UUID, list[int]], command: Command) -> None:
    user, (position, _) = parked
    selection = {"position": [str(position)], "user": ["--user", str(user)], "all": ["--all"]}[which]

    status, output = command("dead_letters", "users", "retry", *selection)
    project()

    assert (status, output) == (0, "1 will be tried again at once; what waits behind them follows in order\n")
    assert dead_letters.listing("users") == []
    assert command("check_projection", "users")[0] == 0


def test_what_waits_behind_another_cannot_be_tried_before_it(parked: tuple[UUID, list[int]], command: Command) -> None:
    user, (_, waiting) = parked

    status, output = command("dead_letters", "users", "retry", str(waiting))

    assert (status, output) == (2, f"event {waiting} waits behind an earlier one of {user}: retry that one\n")


def test_what_is_discarded_is_skipped_and_what_waited_behind_it_goes_on(
    parked: tuple[UUID, list[int]], command: Command
) -> None:
    user, (position, _) = parked

    status, output = command("dead_letters", "users", "discard", str(position), "--yes")
    project()

    document = documents().find_one({"_id": user})
    assert (status, output) == (0, "1 discarded; what waited behind them is tried next\n")
    assert dead_letters.listing("users") == []
    assert document is not None
    assert (document["version"], document["email"]) == (2, "sound@example.org")


def test_discarding_all_of_a_user_lets_its_next_event_through(parked: tuple[UUID, list[int]], command: Command) -> None:
    user, _ = parked

    _, output = command("dead_letters", "users", "discard", "--user", str(user), "--yes")
    rename(user, "later@example.org")
    project()

    document = documents().find_one({"_id": user})
    assert output.startswith("2 discarded")
    assert document is not None
    assert (document["version"], document["email"]) == (3, "later@example.org")


def test_nothing_is_discarded_unasked(parked: tuple[UUID, list[int]]) -> None:
    asked = managed("dead_letters", "users", "discard", "--all")

    assert asked.returncode == 2
    assert asked.stderr.strip().splitlines()[-1] == "CommandError: discarding needs --yes where nobody can be asked"
    assert len(dead_letters.listing("users")) == 2


@pytest.mark.parametrize("action", [("show", "1"), ("retry", "1"), ("discard", "1", "--yes")])
def test_a_position_at_which_nothing_is_parked_is_an_error(
    action: tuple[str, ...], parked: tuple[UUID, list[int]], command: Command
) -> None:
    project()
    absent = str(parked[1][1] + 1)

    status, output = command("dead_letters", "users", action[0], absent, *action[2:])

    assert (status, output) == (2, f"no event is parked at position {absent} of 'users'\n")


def test_it_has_to_be_said_which(parked: tuple[UUID, list[int]]) -> None:
    with pytest.raises(CommandError, match="one of the arguments position --user/--aggregate --all is required"):
        call_command("dead_letters", "users", "retry")


def test_a_dead_one_stays_so_until_an_operator_has_it_tried_again(command: Command) -> None:
    create(1, email=POISON)
    with refusing(POISON):
        users_subscription(policy=RetryPolicy(max_attempts=1)).drain()
    assert dead_letters.counts("users") == {"dead": 1}

    with manage("run_worker", "users-projector"):
        (sound,) = create()
        wait_until(lambda: documents().find_one({"_id": sound}), "the worker works")
        before = dead_letters.counts("users")
        command("dead_letters", "users", "retry", "--all")
        wait_until(lambda: not dead_letters.listing("users"), "the worker has handled it")

    assert before == {"dead": 1}
    assert command("check_projection", "users")[0] == 0
