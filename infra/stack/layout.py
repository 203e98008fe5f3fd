"""Where everything of one stack lies: the folder `.data`, or the one named by STACK_DIR."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths inside the data folder `root`; nothing of the stack lies outside of it."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def mongodb(self) -> Path:
        return self.root / "mongodb"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def nginx(self) -> Path:
        return self.root / "nginx"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        """Configuration files, sockets and locks: nothing here is worth keeping."""
        return self.root / "run"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def stack_env(self) -> Path:
        return self.root / "stack.env"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def happenings(self) -> Path:
        """One line for each program that ended unasked since the last start, in the order in which that happened."""
        return self.logs / "happenings.log"

    @property
    def failure(self) -> Path:
        """Why the stack stopped by itself, if it did; removed by the next start."""
        return self.run / "failure.txt"

    def pid_file_of(self, program: str) -> Path:
        """Where a program that writes its process id does so; one that was killed leaves the file."""
        return self.root / program / f"{program}.pid"

    def log_of(self, program: str) -> Path:
        return self.logs / f"{program}.log"

    def create(self) -> None:
        """Make the folders that every start needs. Raises OSError where that is not allowed."""
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self.logs, self.run):
            folder.mkdir(exist_ok=True)
        self.secrets.mkdir(mode=0o700, exist_ok=True)

    def everything(self) -> tuple[Path, ...]:
        """All that the stack has ever put into the data folder, for `reset`; other files there are not ours."""
        return (self.postgres, self.mongodb, self.nats, self.nginx, self.logs, self.run, self.secrets, self.stack_env)


def data_folder(variables: Mapping[str, str]) -> Path:
    """Return the folder named by STACK_DIR, or the checkout's `.data`."""
    return Path(variables.get("STACK_DIR") or REPOSITORY / ".data").absolute()
