"""Which machine and which version a figure belongs to, and how busy others kept it."""

import os
import platform
import subprocess
import time
from pathlib import Path

import msgspec

_REPOSITORY = Path(__file__).resolve().parents[1]
_NOISY_PERCENT = 10


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The processor, its cores, the memory in megabytes and the kernel."""

    processor: str
    cores: int
    memory_mb: int
    kernel: str


def this_machine() -> Machine:
    """Describe the machine that this runs on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_mb=pages // 1024**2,
        kernel=platform.release(),
    )


def version() -> str:
    """Return what git calls this checkout, with `-dirty` where it differs from its commit."""
    command = ["git", "describe", "--always", "--dirty"]
    completed = subprocess.run(command, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
    return completed.stdout.strip() or "unknown"


def busy_percent(seconds: float = 1.0) -> float:
    """Return how much of the processors is in use during the next `seconds`: before a run, what others use."""
    idle_before, all_before = _processor_ticks()
    time.sleep(seconds)
    idle, everything = _processor_ticks()
    return round(100 * (1 - (idle - idle_before) / max(everything - all_before, 1)), 1)


def noise_note(busy: float) -> str:
    """Return a warning where others use the machine, else nothing."""
    if busy < _NOISY_PERCENT:
        return ""
    return (
        f"other programs use {busy:.0f}% of the processors: compare with raw_stores and CPU time, not with other runs"
    )


def _processor_ticks() -> tuple[int, int]:
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
