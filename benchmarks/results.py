"""`results.csv`: one row a measurement, only ever appended."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.measurement import Measured, Value

RESULTS = Path(__file__).with_name("results.csv")
COLUMNS = (
    *("date", "version", "processor", "cores", "memory_mb", "kernel", "busy_before_percent"),
    *("measurement", "parameters", "figures"),
)


def append_result(measured: Measured, machine: Machine, version: str, busy: float, path: Path = RESULTS) -> None:
    """Write a row at the end of the file, which gets its header when it is new."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(COLUMNS)
        writer.writerow(
            [
                datetime.now(UTC).isoformat(timespec="seconds"),
                version,
                machine.processor,
                machine.cores,
                machine.memory_mb,
                machine.kernel,
                busy,
                measured.name,
                _pairs(measured.parameters),
                _pairs(measured.figures),
            ]
        )


def _pairs(values: Mapping[str, Value]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())
