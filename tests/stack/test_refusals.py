"""What keeps a stack from starting is said in one line each, and nothing is left running."""

import os
import socket
from pathlib import Path

import pytest

from infra.stack.layout import Layout
from infra.stack.lock import exclusive
from tests.running_stack import stack_command, stack_variables
from tests.stack.leftovers import assert_none_left


def test_a_taken_port_is_named_with_the_variable_that_moves_it(short_folder: Path) -> None:
    variables = stack_variables(short_folder)
    with socket.create_server(("127.0.0.1", int(variables["INSTANCE_2_PORT"]))):
        completed = stack_command("up", variables)

    port = variables["INSTANCE_2_PORT"]
    assert completed.stderr == f"port {port} is taken: stop what listens there, or set INSTANCE_2_PORT\n"
    assert completed.returncode == 1
    assert_none_left(short_folder)


def test_all_mistakes_in_the_settings_are_told_at_once(short_folder: Path) -> None:
    wrong = {
        "HTTP_PORT": "http",
        "NATS_PORT": "70000",
        "WEB_THREADS": "many",
        "LOG_LEVEL": "LOUD",
        "DATABASE_URL": "mysql://x",
    }
    completed = stack_command("up", stack_variables(short_folder / "data", **wrong))

    lines = completed.stderr.splitlines()
    assert len(lines) == len(wrong)
    assert [line.split()[:2] for line in lines] == [
        ["setting", name] for name in ("HTTP_PORT", "NATS_PORT", "DATABASE_URL", "LOG_LEVEL", "WEB_THREADS")
    ]
    assert not (short_folder / "data").exists()


def test_one_port_for_two_programs_is_a_mistake(short_folder: Path) -> None:
    completed = stack_command("up", stack_variables(short_folder, HTTP_PORT="18181", NATS_PORT="18181"))

    assert completed.stderr == "setting HTTP_PORT and NATS_PORT are the same port, 18181\n"


def test_a_command_during_another_one_is_refused(short_folder: Path) -> None:
    layout = Layout(short_folder)
    layout.create()
    with exclusive(layout):
        completed = stack_command("up", stack_variables(short_folder))

    assert completed.stderr == f"another command is starting or stopping the stack in {short_folder}\n"


def test_a_store_that_does_not_start_is_named_with_the_end_of_its_log(short_folder: Path) -> None:
    (short_folder / "nats").mkdir()
    (short_folder / "nats" / "jetstream").write_text("in the way of a folder")

    completed = stack_command("up", stack_variables(short_folder, **_of_the_session("DATABASE_URL", "MONGODB_URI")))

    first, *rest = completed.stderr.splitlines()
    assert first.startswith("nats keeps ending and cannot be started")
    assert any("jetstream" in line.lower() for line in rest)
    assert_none_left(short_folder)


def test_a_migration_that_fails_is_named_with_the_end_of_its_output(short_folder: Path) -> None:
    nobody_there = "postgresql://cqrs:secret@127.0.0.1:9/cqrs"
    reachable = _of_the_session("MONGODB_URI", "NATS_URL")

    completed = stack_command("up", stack_variables(short_folder, DATABASE_URL=nobody_there, **reachable))

    first, *rest = completed.stderr.splitlines()
    assert first == f"manage.py migrate failed; the end of {short_folder}/log/migrate.log:"
    assert rest
    assert_none_left(short_folder)


@pytest.mark.parametrize("command", ["down", "status"])
def test_there_may_be_nothing_to_stop_or_to_show(short_folder: Path, command: str) -> None:
    completed = stack_command(command, stack_variables(short_folder / "data"))

    assert completed.stdout == f"the stack in {short_folder}/data does not run\n"
    assert completed.stderr == ""


def test_a_path_too_long_for_a_socket_is_told(short_folder: Path) -> None:
    completed = stack_command("up", stack_variables(short_folder / ("deep/" * 30)))

    assert "bytes too long for a Unix socket: set STACK_DIR to a shorter one" in completed.stderr
    assert len(completed.stderr.splitlines()) == 1


def _of_the_session(*variables: str) -> dict[str, str]:
    return {name: os.environ[name] for name in variables}
