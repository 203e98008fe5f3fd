"""Programs that come from the system's packages, not from pip: `python -m infra.stack.system_package chromium`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.stack.errors import ProgramMissing

# Debian keeps servers in sbin, which is not on an ordinary user's PATH.
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def require(program: str) -> Path:
    """Return the path of `program`, installed from the package of the same name where missing and permitted.

    Raises ProgramMissing saying what to install.
    """
    found = _find(program)
    if found is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ProgramMissing(f"{program} is missing: install it, on Debian and Ubuntu with: apt-get install {program}")
    _install(program)
    found = _find(program)
    if found is None:
        raise ProgramMissing(f"{program} is still missing after: apt-get install {program}")
    return found


def _find(program: str) -> Path | None:
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN]))
    return None if found is None else Path(found)


def _install(package: str) -> None:
    print(f"installing {package} with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        command = ["apt-get", "--quiet=2", *arguments]
        completed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if completed.returncode != 0:
            reason = completed.stderr.strip().splitlines()[-1:] or [f"status {completed.returncode}"]
            raise ProgramMissing(f"{package} is missing, and apt-get could not install it: {reason[0]}")


def main(program: str) -> int:
    try:
        require(program)
    except ProgramMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
