"""Hears from one supervisord what becomes of its programs: `python -m infra.stack.watcher stores|application`.

A program that ends unasked is started again by supervisord; the watcher writes that down and ends what the program left
behind. Where a program cannot be started again, or the other supervisord is gone, it records why and stops the whole
stack: nothing is left half up.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime

from supervisor import childutils

from infra.stack.layout import REPOSITORY, Layout, data_folder
from infra.stack.lock import is_held
from infra.stack.log_end import last_lines
from infra.stack.supervisor import Supervisor, other


class Watcher:
    """Acts on the events of one supervisord."""

    def __init__(self, layout: Layout, runner: str) -> None:
        self._layout = layout
        self._neighbour = Supervisor(layout, other(runner))

    def hear(self, event: str, fields: dict[str, str]) -> None:
        program = fields.get("processname", "")
        if event == "PROCESS_STATE_EXITED":
            self._write_down(f"{program} (process {fields['pid']}) ended unasked and is started again")
            _end_orphans(int(fields["pid"]))
        elif event == "PROCESS_STATE_BACKOFF":
            self._write_down(f"{program} ended right after its start (attempt {fields['tries']}) and is started again")
            self._end_orphans_of(program)
        elif event == "PROCESS_STATE_FATAL":
            self._give_up(program, "keeps ending and cannot be started")
        elif event.startswith("TICK") and not is_held(self._layout) and self._neighbour.is_missing():
            self._give_up(f"supervisor-{self._neighbour.name}", "ended unasked")

    def _end_orphans_of(self, program: str) -> None:
        # supervisord names no process here, since for it none was started.
        pid_file = self._layout.pid_file_of(program)
        with suppress(FileNotFoundError, ValueError):
            leader = int(pid_file.read_text())
            pid_file.unlink()
            _end_orphans(leader)

    def _give_up(self, program: str, why: str) -> None:
        if self._layout.failure.exists():
            return
        log = self._layout.log_of(program)
        lines = "".join(f"  {line}\n" for line in last_lines(log))
        draft = self._layout.failure.with_suffix(".new")
        draft.write_text(f"{program} {why}, so the stack stops; the end of {log}:\n{lines}")
        draft.replace(self._layout.failure)
        self._write_down(f"{program} {why}: the stack stops")
        with self._layout.log_of("down").open("a") as output:
            # In a session of its own: this process is among those that it stops.
            subprocess.Popen(
                [sys.executable, "-m", "infra.stack", "down"],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _write_down(self, what: str) -> None:
        with self._layout.happenings.open("a") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {what}\n")


def _end_orphans(leader: int) -> None:
    # nginx and gunicorn workers outlive a master that was killed, and keep its port from the next one.
    # supervisord made the master the leader of a process group, which they are still in.
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGTERM)


def main(runner: str) -> None:
    watcher = Watcher(Layout(data_folder(os.environ)), runner)
    while True:
        headers, payload = childutils.listener.wait()
        watcher.hear(headers["eventname"], childutils.get_headers(payload))
        childutils.listener.ok()


if __name__ == "__main__":
    main(sys.argv[1])
