"""Which account the programs run as that refuse to be root, and how they reach a folder that it may not enter.

A checkout often lies where only root may go (`mktemp -d`, /root). PostgreSQL will not start as root, so it runs as
another account, which keeps one single privilege of root's: to pass by file permissions. Folders that are not ours are
never changed for it. The privilege needs CAP_DAC_OVERRIDE and CAP_SETPCAP, which containers have by default; without
them the account runs bare, which is enough wherever it may enter the folders by itself.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.stack.errors import ProgramMissing, StackError

_CANDIDATES = ("postgres", "nobody")
_PASS_BY_PERMISSIONS = (
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=+dac_override",
    # access(2) drops the capability of anyone but root unless this is set, and PostgreSQL asks access(2) about itself.
    "--securebits=+no_setuid_fixup",
)


@dataclass(frozen=True, slots=True)
class Account:
    """How to run a program: `prefix` goes before its command, and `uid`, `gid` own what it writes."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()

    def own(self, folder: Path) -> None:
        """Make a folder that this account alone can use; one that exists passes to it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)

    def write(self, path: Path, text: str) -> None:
        """Write a file that this account alone can read."""
        path.touch(mode=0o600)
        os.chown(path, self.uid, self.gid)
        path.write_text(text)


def unprivileged(program: Path) -> Account:
    """Return the account to run `program` as: our own, or another one when we are root.

    Raises StackError when that account cannot even start it.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    entry = _first_account()
    become = (_setpriv(), f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    for prefix in ((*become, *_PASS_BY_PERMISSIONS, "--"), (*become, "--")):
        if _can_run(prefix, program):
            return Account(entry.pw_uid, entry.pw_gid, prefix)
    raise StackError(
        f"{program.name} must not run as root, and the account {entry.pw_name} cannot reach {program}: "
        "run as an ordinary user, or check out where everyone may enter"
    )


def dying_with_parent(signal_name: str) -> tuple[str, ...]:
    """A prefix that sends the program this signal when its parent dies, so that none is left behind unwatched.

    It belongs directly before the program: a change of account in between would undo it.
    """
    return (_setpriv(), "--pdeathsig", signal_name, "--")


def _setpriv() -> str:
    path = shutil.which("setpriv", path=f"{os.environ.get('PATH', os.defpath)}:/usr/bin:/bin")
    if path is None:
        raise ProgramMissing("setpriv is missing: install util-linux 2.33 or newer")
    return path


def _first_account() -> pwd.struct_passwd:
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError(f"running as root needs an account named {' or '.join(_CANDIDATES)}")


def _can_run(prefix: tuple[str, ...], program: Path) -> bool:
    # By way of env: setpriv itself still finds a program with the privileges that it is about to drop.
    command = [*prefix, "env", str(program), "-V"]
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0
