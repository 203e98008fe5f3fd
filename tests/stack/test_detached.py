"""`up`, `status` and `down`, on stores that are not the stack's own."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.stack.layout import Layout
from infra.stack.stack_env import read_stack_env
from tests.running_stack import stack_command, stack_variables
from tests.stack.leftovers import processes_of

EXTERNAL = ("DATABASE_URL", "MONGODB_URI", "NATS_URL")
PROGRAMS = {
    "nginx",
    "instance-1",
    "instance-2",
    "instance-3",
    "users-projector",
    "users-publisher",
    "classroom",
    "sensor-alerts",
    "notifications",
    "tickets-relay",
    "tickets-retry",
    "orders",
    "delivery-scheduler",
    "delivery-demo",
}


@dataclass(frozen=True, slots=True)
class Detached:
    layout: Layout
    variables: dict[str, str]


@pytest.fixture(scope="module")
def detached() -> Iterator[Detached]:
    with tempfile.TemporaryDirectory(prefix="cqrs-") as name:
        folder = Path(name)
        external = {variable: os.environ[variable] for variable in EXTERNAL}
        variables = stack_variables(
            folder,
            **external,
            MONGODB_DATABASE="cqrs_detached",
            MONGODB_BROKER_DATABASE="broker_detached",
            CHANGE_FEEDS_DATABASE="feeds_detached",
        )
        completed = stack_command("up", variables)
        assert completed.returncode == 0, completed.stderr
        yield Detached(Layout(folder), variables)
        stack_command("down", variables)


def test_a_store_with_an_address_in_the_environment_is_not_started(detached: Detached) -> None:
    completed = stack_command("status", detached.variables)

    rows = completed.stdout.partition("\n\n")[0].splitlines()
    assert completed.returncode == 0
    assert {row.split()[0] for row in rows} == PROGRAMS
    assert not any((detached.layout.postgres.exists(), detached.layout.mongodb.exists(), detached.layout.nats.exists()))


def test_stack_env_says_what_is_in_use_to_its_owner_only(detached: Detached) -> None:
    in_use = read_stack_env(detached.layout.stack_env)

    assert {name: in_use[name] for name in EXTERNAL} == {name: os.environ[name] for name in EXTERNAL}
    assert in_use["HTTP_URL"] == f"http://127.0.0.1:{detached.variables['HTTP_PORT']}"
    assert in_use["MONGODB_DATABASE"] == "cqrs_detached"
    assert detached.layout.stack_env.stat().st_mode & 0o777 == 0o600


def test_the_generated_key_is_for_its_owner_only(detached: Detached) -> None:
    key = detached.layout.secrets / "secret_key"

    assert key.stat().st_mode & 0o777 == 0o600
    assert read_stack_env(detached.layout.stack_env)["SECRET_KEY"] == key.read_text().strip()


def test_no_password_is_shown(detached: Detached) -> None:
    password = os.environ["DATABASE_URL"].partition("@")[0].rpartition(":")[2]

    completed = stack_command("status", detached.variables)

    assert "postgresql://cqrs@127.0.0.1" in completed.stdout
    assert password not in completed.stdout


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_second_start_is_refused_in_one_line(detached: Detached, command: str) -> None:
    completed = stack_command(command, detached.variables)

    assert completed.returncode == 1
    root = detached.layout.root
    assert completed.stderr == f"the stack in {root} runs already: `make status` shows it, `make down` stops it\n"


# The last of this module: it stops what the others look at.
def test_down_leaves_no_process_behind(detached: Detached) -> None:
    before = processes_of(detached.layout.root)

    completed = stack_command("down", detached.variables)

    assert len(before) > len(PROGRAMS)
    assert completed.stdout == "stopped\n"
    assert processes_of(detached.layout.root) == []
