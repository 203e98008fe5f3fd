"""What runs, since when, and where: `make status`."""

import time
from datetime import timedelta

from infra.stack.addresses import addresses
from infra.stack.layout import Layout
from infra.stack.log_end import last_lines
from infra.stack.supervisor import Process, supervisors

_RUNNING = frozenset({"RUNNING", "STARTING"})


def status(layout: Layout) -> bool:
    """Print the state of every process and return whether the whole stack is up."""
    groups = [runner.processes() for runner in supervisors(layout)]
    processes = [process for group in groups for process in group]
    if not processes:
        print(f"the stack in {layout.root} does not run")
        if layout.failure.exists():
            print(layout.failure.read_text().rstrip())
        return False
    for process in processes:
        print(_line(process))
    if layout.happenings.exists():
        print("", *last_lines(layout.happenings), sep="\n")
    print(f"\n{addresses(layout)}")
    # Only nginx, replicas and workers may be there when every store is external, never only the stores.
    return bool(groups[0]) and all(process.state in _RUNNING for process in processes)


def _line(process: Process) -> str:
    if process.pid == 0:
        return f"{process.name:<20}{process.state}"
    uptime = timedelta(seconds=int(time.time()) - process.started_at)
    return f"{process.name:<20}{process.state:<10}process {process.pid:<9}for {uptime}"
