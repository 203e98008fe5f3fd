"""Each command explains itself, and says in one line what is wrong."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

import pytest

from cqrs.eventlog.checkpoint import ensure
from infra.stack.layout import REPOSITORY
from tests.management.population import create
from tests.management.processes import environment, managed, said

COMMANDS = ["rebuild_projection", "check_projection", "dead_letters", "rebase_subscription", "reshard_subscription"]
NOWHERE = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"

UNKNOWN = {
    ("rebuild_projection", "nobody"): "there is no projection 'nobody'; known: users",
    ("check_projection", "nobody"): "there is no projection 'nobody'; known: users",
    ("reshard_subscription", "nobody", "8"): "there is no projection 'nobody'; known: users",
    ("dead_letters", "nobody", "list"): "there is no subscription 'nobody'",
    ("rebase_subscription", "nobody"): "there is no subscription 'nobody'",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_examples(name: str) -> None:
    shown = managed(name, "--help")

    assert shown.returncode == 0
    assert f"examples:\n  manage.py {name} users" in shown.stdout


@pytest.mark.parametrize("arguments", UNKNOWN)
def test_an_unknown_name_is_one_line(arguments: tuple[str, ...]) -> None:
    ended = managed(*arguments)

    assert ended.returncode == 2
    assert said(ended.stderr) == [f"CommandError: {UNKNOWN[arguments]}"]
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", [("check_projection", "users"), ("rebuild_projection", "users")])
def test_a_store_that_is_away_is_one_line(arguments: tuple[str, ...]) -> None:
    ensure("users")
    ended = managed(*arguments, MONGODB_URI=NOWHERE)

    assert ended.returncode == 2
    assert said(ended.stderr) == ["CommandError: mongodb is unavailable"]


@pytest.mark.parametrize("name", ["check_projection", "rebuild_projection", "rebase_subscription"])
def test_a_database_that_is_away_is_one_line(name: str) -> None:
    ended = managed(name, "users", DATABASE_URL="postgresql://cqrs@127.0.0.1:1/cqrs")

    assert ended.returncode == 2
    assert said(ended.stderr) == ["CommandError: postgresql is unavailable"]


def test_a_terminal_sees_a_bar_and_a_file_sees_lines() -> None:
    create(20)

    on_terminal = _on_terminal("rebuild_projection", "users")
    in_file = managed("rebuild_projection", "users").stdout

    assert "━" in on_terminal
    assert "20/20" in on_terminal
    assert in_file.splitlines()[0] == "rebuilding users: 20 of 20"
    assert in_file.splitlines()[1].startswith("users: 20 events in ")


def _on_terminal(*arguments: str) -> str:
    ours, theirs = pty.openpty()
    command = [sys.executable, "manage.py", *arguments]
    with os.fdopen(ours, "rb") as screen:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment(TERM="xterm"), stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b"".join(_until_closed(screen))
    assert process.wait() == 0
    return shown.decode()


def _until_closed(screen: IO[bytes]) -> Iterator[bytes]:
    # Linux ends a terminal that nobody writes to any more with an error.
    with suppress(OSError):
        while piece := os.read(screen.fileno(), 4096):
            yield piece
