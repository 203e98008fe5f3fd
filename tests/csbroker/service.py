"""A service in a temporary folder, and csbroker run in its root as a user runs it."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.csbroker.warm_process import run_warm

CSBROKER = str(Path(sys.executable).parent / "csbroker")
SECONDS = 60


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Service:
    """The root of a service; `environment` is all that its commands see."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "change-stream"

    @property
    def config(self) -> Path:
        return self.folder / "config.py"

    @property
    def payloads(self) -> Path:
        return self.folder / "message_payload.py"

    @property
    def client(self) -> Path:
        return self.folder / "client"

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start csbroker with its output on pipes."""
        return subprocess.Popen(
            [CSBROKER, *arguments],
            cwd=self.root,
            env=self._environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        """Run csbroker without a terminal."""
        environment = self._environment(more)
        return Ended(*run_warm(arguments, cwd=self.root, environment=environment, stdin=stdin, seconds=SECONDS))

    def ok(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        """Run csbroker and require that it succeeds."""
        ended = self.run(*arguments, stdin=stdin, **more)
        assert ended.code == 0, ended.err + ended.out
        return ended

    def on_a_terminal(self, *arguments: str, **more: str) -> Ended:
        """Run csbroker on a terminal of its own; both streams end up in `out`."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.root)
            os.execve(CSBROKER, [CSBROKER, *arguments], {"TERM": "xterm-256color", **self._environment(more)})
        shown = bytearray()
        while chunk := _read(terminal):
            shown += chunk
        os.close(terminal)
        _, status = os.waitpid(child, 0)
        return Ended(os.waitstatus_to_exitcode(status), shown.decode(), "")

    def files(self) -> dict[str, bytes]:
        """Return the files of the client."""
        return {
            path.relative_to(self.client).as_posix(): path.read_bytes()
            for path in self.client.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    def edit(self, path: Path, old: str, new: str) -> None:
        """Replace a text that must be there."""
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def backups(self) -> list[str]:
        return [backup["name"] for backup in self.ok("backups", "--json").json]

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.root), **self.environment, **more}


def next_line(process: subprocess.Popen[str]) -> Any:
    """Return the JSON of the next line that a command prints; one that prints none in time is killed."""
    impatience = threading.Timer(SECONDS, process.kill)
    impatience.start()
    try:
        assert process.stdout
        return json.loads(process.stdout.readline())
    finally:
        impatience.cancel()


def stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    """End a command with SIGINT as Ctrl-C does, and return what it wrote."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=SECONDS)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # Linux says so when the other end has been closed.
        return b""
