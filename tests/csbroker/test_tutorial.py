"""The tutorial does what it says: its commands run as they are written, and print what stands below them."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

PAGE = ROOT / "docs/csbroker.md"
STEP = "=== step"
SECONDS = 180


def steps() -> list[tuple[str, list[str]]]:
    """Return the commands of each step, and the lines that they should print."""
    tutorial = PAGE.read_text().partition("## Tutorial")[2].partition("\n## ")[0]
    found = re.findall(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```)?", tutorial, flags=re.DOTALL)
    return [(commands, shown.splitlines()) for commands, shown in found]


def run(commands: list[str], folder: Path, database: str) -> list[str]:
    """Run the steps in one shell, and return what each printed."""
    script = "".join(f"echo '{STEP}'\n{step}" for step in commands)
    shell = subprocess.Popen(
        ["bash", "-eu"],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "MONGODB_BROKER_URI": os.environ["MONGODB_URI"],
            "MONGODB_BROKER_DATABASE": database,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        shown, _ = shell.communicate(script, timeout=SECONDS)
    finally:
        # Members that a failed step has left behind; none after success.
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, shown
    return shown.split(f"{STEP}\n")[1:]


def test_the_tutorial_does_what_it_says(tmp_path: Path, database: str) -> None:
    written = steps()

    printed = run([commands for commands, _ in written], tmp_path, database)

    assert len(written) >= 8
    for (_, wanted), shown in zip(written, printed, strict=True):
        assert [line for line in wanted if line not in shown] == [], shown
    handled = [(tmp_path / "shop" / log).read_text().splitlines() for log in ("one.log", "two.log")]
    assert all(handled)
    customers = sorted(line.split()[1] for log in handled for line in log)
    assert customers == sorted(f"customer-{number}" for number in range(30))


def test_what_the_page_says_of_the_help_holds(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "cqrs.broker.csbroker", "--help"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = re.findall(r"^│ ([a-z][a-z-]*) ", shown.partition("Commands")[2], flags=re.MULTILINE)

    reference = PAGE.read_text().partition("## Commands")[2]

    assert len(commands) > 15
    assert [name for name in commands if not re.search(rf"`{name}\b", reference)] == []


@pytest.mark.parametrize("language", ["sh", "text"])
def test_every_block_of_the_tutorial_is_found(language: str) -> None:
    tutorial = PAGE.read_text().partition("## Tutorial")[2].partition("\n## ")[0]

    found = sum(1 for commands, shown in steps() if (commands if language == "sh" else shown))

    assert found == tutorial.count(f"```{language}\n")
