"""A folder that holds what the image holds, in which the image's commands run with this virtual environment."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class Image:
    """Runs commands where only the copied files are, with nothing in the environment but what is given."""

    def __init__(self, folder: Path, root: Path, copied: Sequence[str], environment: dict[str, str]) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **environment}
        for name in copied:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(root / name, folder / name)

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    @contextmanager
    def running(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Run the command until the block ends, then stop it by SIGTERM, as Docker does."""
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
        self._running.append(process)
        try:
            yield process
        finally:
            self._running.remove(process)
            process.terminate()
            process.wait(30)

    def wait_for(self, check: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Repeat the check until it succeeds, what runs beside ends, or a minute is over; return its last result."""
        deadline = time.monotonic() + 60
        while True:
            result = self.run(check)
            ended = any(process.poll() is not None for process in self._running)
            if result.returncode == 0 or ended or time.monotonic() > deadline:
                return result

    def log(self) -> str:
        """Return what the commands that ran beside have written."""
        return (self.folder / "log").read_text()
