"""Processor time and memory of the stack's processes, from /proc, by the name that the launcher gives them."""

import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.stack import Stack

_TICKS = os.sysconf("SC_CLK_TCK")
Trees = Mapping[str, list[int]]


def process_trees(stack: Stack) -> dict[str, list[int]]:
    """Return each program's process ids, children included: workers of gunicorn and nginx, backends of PostgreSQL."""
    children: dict[int, list[int]] = {}
    for pid in _all_pids():
        children.setdefault(_parent(pid), []).append(pid)
    return {process.name: _tree(process.pid, children) for process in stack.processes()}


def processor_seconds(stack: Stack) -> dict[str, float]:
    """Return the processor time that each program has used so far, in user and in kernel mode.

    A child that has ended counts in its parent once that has waited for it.
    """
    return {name: sum(_ticks(pid) for pid in pids) / _TICKS for name, pids in process_trees(stack).items()}


def memory_mb(stack: Stack) -> dict[str, float]:
    """Return each single process's share of memory (PSS: shared pages are divided among those who share them) in MB.

    Several processes of one program are numbered, the largest first. Those that may not be read are left out.
    """
    found: dict[str, float] = {}
    for name, pids in process_trees(stack).items():
        sizes = sorted((size for pid in pids if (size := _pss_kb(pid))), reverse=True)
        for number, size in enumerate(sizes, start=1):
            found[name if number == 1 else f"{name}/{number}"] = round(size / 1024, 1)
    return found


def _tree(root: int, children: Mapping[int, list[int]]) -> list[int]:
    return [root, *(pid for child in children.get(root, []) for pid in _tree(child, children))]


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return sum(int(ticks) for ticks in fields[11:15]) if fields else 0


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
