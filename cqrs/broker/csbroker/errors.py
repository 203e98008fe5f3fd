"""What a command can end with, each with the exit code that scripts see."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from cqrs.errors import CqrsError

OK = 0
FAILED = 1
DRIFT = 1
USAGE = 2
DIFFERENT = 2
REFUSED = 3


class CsbrokerError(CqrsError):
    """The root of the errors that end a command; `lines` is what the user reads."""

    exit_code = FAILED

    @property
    def lines(self) -> tuple[str, ...]:
        """The message, a line each."""
        return (str(self),)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a working file."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class InvalidWorkingFiles(CsbrokerError):
    """The working files cannot be used; `problems` names everything that was found wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each problem, `file:line: message`, as editors understand it."""
        return tuple(str(problem) for problem in self.problems)


class NoWorkingFiles(CsbrokerError):
    """The service has no working files yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is missing: run csbroker init")


class NothingGenerated(CsbrokerError):
    """There is no client yet, so neither a stage."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is missing: run csbroker generate")


class UnknownBackup(CsbrokerError):
    """No backup has this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no backup {name!r}: csbroker backups lists them")


class InvalidArgument(CsbrokerError):
    """An argument or an option has a value that the command cannot take."""

    exit_code = USAGE


class Refused(CsbrokerError):
    """The command could do what it was asked, and does not: it would do harm. The message says how to insist."""

    exit_code = REFUSED
