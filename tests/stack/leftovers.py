"""Finding what a stack has left behind."""

import time
from contextlib import suppress
from pathlib import Path


def assert_none_left(folder: Path, seconds: float = 60) -> None:
    """Wait for the last process of the stack in `folder` to end: the one that stops it outlives what it stops."""
    deadline = time.monotonic() + seconds
    while left := processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of all processes that were started for the stack in `folder`."""
    mark = f"STACK_DIR={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # Others come and go while we look, and some are not ours to look at.
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
