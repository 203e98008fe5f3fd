"""The end of a log, for messages about a program that failed."""

import os
from collections import deque
from pathlib import Path

_BYTES = 16_384


def last_lines(log: Path, count: int = 12) -> list[str]:
    """Return up to `count` last lines that are not blank; none when there is no log yet."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return list(deque((line for line in lines if line.strip()), maxlen=count))
