"""A whole stack for tests: nginx, three replicas and the projector on stores of their own, beside any other stack."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.stack.account import dying_with_parent
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.stack_env import read_stack_env
from infra.stack.stores import ADDRESS_VARIABLES
from infra.stack.supervisor import Process, supervisors
from tests.free_ports import free_ports

_OF_THE_SESSION = frozenset(
    {
        *ADDRESS_VARIABLES,
        "MONGODB_DATABASE",
        "MONGODB_BROKER_DATABASE",
        "CHANGE_FEEDS_DATABASE",
        "SECRET_KEY",
        "STACK_DIR",
    }
)
# Whatever a shell starts in the background inherits that this signal is ignored, and so would the stack.
_HEEDING_CTRL_C = ("env", "--default-signal=INT")
# What is published is counted soon.
_SHORT_WINDOWS = {"DELIVERY_WINDOW_SECONDS": "4", "DELIVERY_GRACE_SECONDS": "1"}
_UP_SECONDS = 600
_DOWN_SECONDS = 240
_MOST_TOLD = 4000


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that runs. Its processes are `nginx`, `instance-1` … `instance-3`, `users-projector`, `classroom`,
    `postgres`, `mongodb` and `nats`.

    `variables` is the environment that started it; `output` collects what `run` prints.
    """

    layout: Layout
    variables: Mapping[str, str]
    run: subprocess.Popen[bytes]
    output: Path

    @property
    def base_url(self) -> str:
        """nginx's address, without a slash at the end."""
        return self.env["HTTP_URL"]

    @property
    def env(self) -> dict[str, str]:
        """What `stack.env` says: DATABASE_URL, MONGODB_URI, MONGODB_DATABASE, NATS_URL, SECRET_KEY, HTTP_URL and a
        `…_METRICS_PORT` for each process of the application."""
        return read_stack_env(self.layout.stack_env)

    def processes(self) -> dict[str, Process]:
        return {process.name: process for runner in supervisors(self.layout) for process in runner.processes()}

    def pid(self, name: str) -> int:
        """The process id of a process by its name; 0 while it does not run."""
        return self.processes()[name].pid

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process and return the process id that it had."""
        pid = self.pid(name)
        assert pid, f"{name} does not run, and 0 would be whoever runs the tests"
        os.kill(pid, number)
        return pid

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 60) -> None:
        """Poll `condition` until it is true. Raises AssertionError with `what` when that takes longer."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"after {seconds:.0f} s still not so: {what}"
            time.sleep(0.05)

    def wait_until_restarted(self, name: str, old_pid: int, seconds: float = 60) -> int:
        """Wait until `name` runs as another process than `old_pid`, and return that one's id.

        It counts as running when it has lived for a few seconds: what dies earlier has not started, and a program
        that does not start ends the stack.
        """
        self.wait_until(lambda: self._has_started_anew(name, old_pid), f"{name} was started again", seconds)
        return self.pid(name)

    def _has_started_anew(self, name: str, old_pid: int) -> bool:
        process = self.processes()[name]
        return process.pid not in {0, old_pid} and process.state == "RUNNING"

    def wait_until_healthy(self, seconds: float = 60) -> None:
        """Wait until every process runs and `/readyz` answers 200 through nginx: call it after breaking anything."""
        states = {"RUNNING", "STARTING"}
        self.wait_until(lambda: all(p.state in states for p in self.processes().values()), "all run", seconds)
        self.wait_until(lambda: self.status_of("/readyz") == 200, "/readyz answers 200", seconds)

    def status_of(self, path: str) -> int:
        """The HTTP status of a GET through nginx; 0 where there is no answer."""
        try:
            with urllib.request.urlopen(f"{self.base_url}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def happenings(self) -> str:
        """What ended unasked so far, a line each."""
        return self.layout.happenings.read_text() if self.layout.happenings.exists() else ""

    def log(self, name: str) -> str:
        """All that a process has logged."""
        return self.layout.log_of(name).read_text()

    def tell(self) -> str:
        """What a person would look for first where something went wrong: what ended, and what nginx complained of."""
        return f"ended unasked:\n{self.happenings()}the end of nginx's log:\n{self.log('nginx')[-_MOST_TOLD:]}"

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` on this stack's stores and return what it printed; its status is not checked."""
        command = [sys.executable, "manage.py", *arguments]
        environment = {**self.variables, **self.env}
        return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)


def stack_variables(folder: Path, **variables: str) -> dict[str, str]:
    """Return the environment for a stack in `folder` on free ports, with none of this session's stores."""
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_THE_SESSION}
    return {**inherited, **free_ports(), **_SHORT_WINDOWS, "STACK_DIR": str(folder), **variables}


def stack_command(command: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `python -m infra.stack <command>` to its end and return what it printed; its status is not checked."""
    return subprocess.run(
        [sys.executable, "-m", "infra.stack", command],
        cwd=REPOSITORY,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=_UP_SECONDS,
    )


@contextmanager
def running_stack(**variables: str) -> Iterator[RunningStack]:
    """Run a stack in the foreground, as `make run` does, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="cqrs-stack-") as folder:
        environment = stack_variables(Path(folder) / "data", **variables)
        output = Path(folder) / "output"
        with output.open("wb") as file:
            run = subprocess.Popen(
                [*dying_with_parent("TERM"), *_HEEDING_CTRL_C, sys.executable, "-m", "infra.stack", "run"],
                cwd=REPOSITORY,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        stack = RunningStack(Layout(Path(environment["STACK_DIR"])), environment, run, output)
        try:
            stack.wait_until(lambda: _is_decided(stack), "the stack is up", _UP_SECONDS)
            assert run.returncode is None, output.read_text()
            yield stack
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(_DOWN_SECONDS)


def _is_decided(stack: RunningStack) -> bool:
    return stack.run.poll() is not None or "Ctrl-C stops" in stack.output.read_text()
