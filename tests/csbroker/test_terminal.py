"""On a terminal it is for people, elsewhere for programs; and every command explains itself."""

import re

import pytest
from typer.testing import CliRunner

from cqrs.broker.csbroker.app import build_app
from tests.csbroker.service import Service

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def helps_of(*prefix: str) -> dict[str, str]:
    """Return the help of every command that the help lists, down to the last level."""
    # Within this process: the other tests start one for each command, and here are thirty.
    shown = CliRunner().invoke(build_app(), [*prefix, "--help"], prog_name="csbroker", env={"COLUMNS": "200"}).output
    _, _, listed = shown.partition("Commands")
    names = re.findall(r"^│ ([a-z][a-z-]*) ", listed, flags=re.MULTILINE)
    if not names:
        return {" ".join(prefix): shown}
    return {path: text for name in names for path, text in helps_of(*prefix, name).items()}


def test_every_command_has_examples_and_json_in_its_help() -> None:
    helps = helps_of()

    assert len(helps) > 20
    assert [name for name, text in helps.items() if f"$ csbroker {name}" not in text] == []
    assert [name for name, text in helps.items() if "--json" not in text] == []


def test_exit_codes_are_in_the_help(empty_service: Service) -> None:
    assert "Exit codes: 0 done" in empty_service.ok("--help").out


def test_a_terminal_gets_a_table_and_colours(generated: Service) -> None:
    generated.edit(generated.config, "partitions=3", "partitions=4")
    generated.ok("generate")
    generated.edit(generated.config, "partitions=4", "partitions=5")

    table = generated.on_a_terminal("backups")
    diff = generated.on_a_terminal("diff")

    assert "┃ NAME" in COLOUR.sub("", table.out)
    assert diff.code == 2
    assert COLOUR.search(diff.out)


def test_a_pipe_gets_plain_lines(generated: Service) -> None:
    generated.edit(generated.config, "partitions=3", "partitions=4")
    generated.ok("generate")

    header, row = generated.ok("backups").out.splitlines()

    assert header.split("\t") == ["NAME", "REPLACED", "FILES", "CURRENT"]
    assert len(row.split("\t")) == 4


@pytest.mark.parametrize("command", [("diff",), ("--help",), ("diff", "nothing.py"), ("no-such-command",)])
def test_no_color_means_no_colour_on_a_terminal(generated: Service, command: tuple[str, ...]) -> None:
    generated.edit(generated.config, "partitions=3", "partitions=4")

    coloured = generated.on_a_terminal(*command)
    plain = generated.on_a_terminal(*command, NO_COLOR="1")

    assert re.search(r"\x1b\[[0-9;]*3[0-9]m|\x1b\[[0-9;]*m", coloured.out)
    assert not re.search(r"\x1b\[(?:[0-9]+;)*(?:3[0-9]|9[0-7])(?:;[0-9]+)*m", plain.out)


def test_wrong_usage_ends_with_2_and_says_so_on_stderr(empty_service: Service) -> None:
    ended = empty_service.run("generate", "--no-such-option")

    assert (ended.code, ended.out) == (2, "")
    assert "--no-such-option" in ended.err
