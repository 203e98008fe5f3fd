"""Where tests write: into memory where there is plenty, since what stores do most in tests is wait for a disk.

Nothing is weaker for it: tests kill processes, whose files outlive them there as well, and never a machine.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

_MEMORY = Path("/dev/shm")
_NAME = "cqrs-tests-"
# All processes of a run together write less than half of it.
_PLENTY_BYTES = 12 * 1024**3


def write_into_memory() -> Callable[[], None]:
    """Make a folder in memory that of temporary files, for this process and its children; return what takes it away.

    Where there is not plenty of memory nothing is changed. What killed runs have left there is removed.
    """
    if not _is_plenty():
        return lambda: None
    _remove_abandoned()
    folder = _MEMORY / f"{_NAME}{os.getpid()}"
    # PostgreSQL runs as a user of its own where the tests run as root, and has to get through.
    folder.mkdir(mode=0o711)
    os.environ["TMPDIR"] = str(folder)
    # What was found before is kept there.
    tempfile.tempdir = None
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def _is_plenty() -> bool:
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return False
    room = os.statvfs(_MEMORY)
    return min(room.f_bavail * room.f_frsize, _available_bytes()) >= _PLENTY_BYTES


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def _remove_abandoned() -> None:
    for folder in _MEMORY.glob(f"{_NAME}*"):
        process = folder.name.removeprefix(_NAME)
        # One with this process's number is that of a former process.
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)
