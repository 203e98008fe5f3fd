"""One supervisord of the stack: start it in a session of its own, ask it, stop it."""

import os
import select
import signal
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from infra.stack.account import dying_with_parent
from infra.stack.errors import ProgramFailed, StackError
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.log_end import last_lines
from infra.stack.program import Program
from infra.stack.supervisor_config import render
from infra.stack.waiting import wait_until

STORES = "stores"
APPLICATION = "application"

# sockaddr_un holds 108 bytes with the final NUL; supervisord binds a draft name with its process id first.
_LONGEST_SOCKET_PATH = 107 - len(".4194304")
_START_SECONDS = 60
# Longer than any program's own stop_seconds, one after another.
_STOP_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What supervisord says of one program. `pid` is 0 when it does not run; `started_at` is in Unix seconds."""

    name: str
    state: str
    pid: int
    started_at: int


class Supervisor:
    """The supervisord called `name` (STORES or APPLICATION) of one data folder.

    Raises StackError for a folder whose path is too long to hold its socket.
    """

    def __init__(self, layout: Layout, name: str) -> None:
        self.name = name
        self._layout = layout
        self._socket = layout.run / f"{name}.sock"
        self._configuration = layout.run / f"{name}.conf"
        self._pid_file = layout.run / f"{name}.pid"
        self._require_short_path()

    def start(self, programs: Sequence[Program], environment: Mapping[str, str], *, bound: bool = False) -> None:
        """Start it with these programs and return when it can be asked. A `bound` one ends with the calling process.

        Raises ProgramFailed with the end of its log when it does not start.
        """
        self._pid_file.unlink(missing_ok=True)
        self._configuration.write_text(render(self.name, programs, self._layout, self._socket))
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(self._configuration)]
        log = self._layout.log_of(f"supervisor-{self.name}")
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*dying_with_parent("TERM"), *command] if bound else command,
                cwd=REPOSITORY,
                env={**environment, "STACK_DIR": str(self._layout.root)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._await_start(process, log)

    def stop(self) -> None:
        """Stop its programs in their order, then itself; return when it has ended. Nothing to stop is no error."""
        if self.is_running():
            self._end()
        # What one that was killed leaves behind, and the sign that it should run.
        self._socket.unlink(missing_ok=True)
        self._configuration.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Whether it listens on its socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def is_missing(self) -> bool:
        """Whether it has been started, has not been stopped by `stop`, and is gone all the same."""
        return self._configuration.exists() and not self.is_running()

    def processes(self) -> list[Process]:
        """Its programs as they are now; none when it does not run or is about to end."""
        try:
            answer = self._ask("getAllProcessInfo")
        except (FileNotFoundError, ConnectionError, HTTPException, xmlrpc.client.Fault):
            return []
        return [
            Process(name=info["name"], state=info["statename"], pid=info["pid"], started_at=info["start"])
            for info in answer
            if info["name"] != "watcher"
        ]

    def _await_start(self, process: subprocess.Popen[bytes], log: Path) -> None:
        name = f"supervisor-{self.name}"
        try:
            wait_until(
                lambda: process.poll() is not None or (self.is_running() and self._pid_file.exists()),
                program=name,
                layout=self._layout,
                seconds=_START_SECONDS,
            )
        except BaseException:
            # Interrupted, say: `stop` would not find one that does not listen yet.
            process.terminate()
            process.wait(_STOP_SECONDS)
            raise
        if process.returncode is not None:
            raise ProgramFailed(name, "ended at once", log, last_lines(log))

    def _end(self) -> None:
        # From the file: one that is about to end answers no more questions.
        process = os.pidfd_open(int(self._pid_file.read_text()))
        try:
            signal.pidfd_send_signal(process, signal.SIGTERM)
            if not select.select([process], [], [], _STOP_SECONDS)[0]:
                # Its programs are bound to it and follow.
                signal.pidfd_send_signal(process, signal.SIGKILL)
        finally:
            os.close(process)

    def _ask(self, method: str) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as server:
            return getattr(server.supervisor, method)()

    def _require_short_path(self) -> None:
        excess = len(os.fsencode(self._socket)) - _LONGEST_SOCKET_PATH
        if excess > 0:
            raise StackError(
                f"the path of {self._layout.root} is {excess} bytes too long for a Unix socket: "
                "set STACK_DIR to a shorter one"
            )


def supervisors(layout: Layout) -> tuple[Supervisor, Supervisor]:
    """Both runners of a data folder in the order in which they stop."""
    return Supervisor(layout, APPLICATION), Supervisor(layout, STORES)


def other(name: str) -> str:
    """The runner that the watcher of `name` also keeps an eye on."""
    return STORES if name == APPLICATION else APPLICATION
