"""A replica that is killed at a write: `python -m tests.services.tickets.mortal_replica`, with gunicorn's arguments.

The file that MORTAL_UNTIL names says when: with 0 before the next write to MongoDB is sent, with n when the n-th of
those that follow is done. A commit counts as a write. The file is removed by who dies, and gunicorn starts another.
"""

import os
import signal
import threading
from pathlib import Path

from gunicorn.app.wsgiapp import run
from pymongo import monitoring

WRITES = {"insert", "update", "delete", "findAndModify", "bulkWrite", "commitTransaction"}


class Fate(monitoring.CommandListener):
    """Counts writes while there is a file, and dies at the one that it names."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._written = 0
        self._counting = threading.Lock()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            self._die_after(0)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.command_name in WRITES:
            with self._counting:
                self._written += self._file.exists()
                self._die_after(self._written)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """A write that has failed was none."""

    def _die_after(self, written: int) -> None:
        if self._file.exists() and int(self._file.read_text()) == written:
            self._file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    monitoring.register(Fate(Path(os.environ["MORTAL_UNTIL"])))
    run()
