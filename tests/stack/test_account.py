"""PostgreSQL and nginx do not run as root, and still start below a folder that only root may enter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stack.account import unprivileged
from infra.stack.system_package import require
from tests.running_stack import RunningStack

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become someone else")


@pytest.fixture
def hidden_program(short_folder: Path) -> Path:
    """A program below a folder that its owner alone may enter."""
    assert short_folder.stat().st_mode & 0o777 == 0o700
    return Path(shutil.copy(require("nginx"), short_folder))


@as_root
def test_a_program_below_a_private_folder_runs_and_not_as_root(hidden_program: Path) -> None:
    account = unprivileged(hidden_program)

    subprocess.run([*account.prefix, hidden_program, "-v"], check=True, capture_output=True)
    identity = subprocess.run([*account.prefix, "id", "-u"], check=True, capture_output=True, text=True)

    assert identity.stdout.strip() == str(account.uid) != "0"


@as_root
def test_the_account_can_pass_by_file_permissions_and_nothing_else(hidden_program: Path) -> None:
    command = [*unprivileged(hidden_program).prefix, "grep", "CapEff", "/proc/self/status"]

    capabilities = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]

    assert int(capabilities, 16) == 1 << 1  # CAP_DAC_OVERRIDE


@as_root
def test_without_that_privilege_the_message_says_what_to_do(hidden_program: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from infra.stack.account import unprivileged; "
        "from infra.stack.errors import StackError\n"
        "try: unprivileged(Path(sys.argv[1]))\n"
        "except StackError as error: print(error)"
    )
    bare = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", "--"]

    told = subprocess.run(
        [*bare, sys.executable, "-c", script, hidden_program], capture_output=True, text=True, check=True
    )

    assert told.stdout.startswith("nginx must not run as root, and the account ")
    assert "check out where everyone may enter" in told.stdout


@pytest.mark.parametrize("name", ["postgres", "nginx"])
def test_the_running_program_is_not_root(stack: RunningStack, name: str) -> None:
    owner = Path(f"/proc/{stack.pid(name)}").stat().st_uid

    assert owner != 0
