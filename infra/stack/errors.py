"""What can keep the stack from running. The message of each is what the operator reads: one line, then a log's end."""

from collections.abc import Sequence
from pathlib import Path


class StackError(Exception):
    """The stack cannot do what was asked of it; the message says why and what to do."""


class InvalidSettings(StackError):
    """One or more environment variables are missing or malformed; one line for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"setting {mistake}" for mistake in mistakes))


class PortsTaken(StackError):
    """Another program listens on ports of ours; `ports` maps the variable that moves each to its number."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        super().__init__(
            "\n".join(f"port {port} is taken: stop what listens there, or set {name}" for name, port in ports.items())
        )


class ProgramMissing(StackError):
    """A program that the stack needs is not on this machine and cannot be installed by us."""


class AlreadyRunning(StackError):
    """This data folder has a stack that runs, or one that is being started or stopped."""


class ProgramFailed(StackError):
    """A program ended or did not become ready; carries its name and the end of its log."""

    def __init__(self, program: str, what: str, log: Path, last_lines: Sequence[str]) -> None:
        self.program = program
        self.log = log
        self.last_lines = tuple(last_lines)
        super().__init__("\n".join([f"{program} {what}; the end of {log}:", *(f"  {line}" for line in last_lines)]))


class StackStopped(StackError):
    """The stack has stopped by itself; the message is what the watcher recorded."""
