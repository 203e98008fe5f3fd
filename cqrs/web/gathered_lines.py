"""Log lines of a busy process, written together.

Every line that is written wakes whoever reads it, on the processors that are to serve the next request. So the lines of
a tenth of a second go out in one write; a process that has been quiet for that long writes its next line at once.
"""

import logging
import os
import threading
import time
from typing import Final, TextIO

SPACING: Final = 0.1


class GatheredLinesHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error, in order, at most every `SPACING` seconds, and before whatever is a warning or worse.

    A process that is killed loses the lines below a warning of its last tenth of a second; one that ends in any other
    way loses none, since logging flushes its handlers at exit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._written_at = 0.0
        self._gathering = threading.Event()
        self._writer: threading.Thread | None = None
        # What has gathered before a fork is the parent's to write.
        os.register_at_fork(after_in_child=self._lines.clear)

    def emit(self, record: logging.LogRecord) -> None:
        """Take the line of `record`; called with the handler's lock held."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            if record.levelno >= logging.WARNING or time.monotonic() - self._written_at >= SPACING:
                self._write()
            elif len(self._lines) == 1:
                self._write_later()
        except Exception:  # noqa: BLE001 - logging's own way: a line that fails must not fail the work
            self.handleError(record)

    def flush(self) -> None:
        """Write what has gathered."""
        self.acquire()
        try:
            self._write()
        finally:
            self.release()

    def _write(self) -> None:
        if not self._lines or self.stream.closed:
            return
        text = "".join(self._lines)
        self._lines.clear()
        self._written_at = time.monotonic()
        self.stream.write(text)
        self.stream.flush()

    def _write_later(self) -> None:
        # Not alive also after a fork: threads stay behind in the parent.
        if self._writer is None or not self._writer.is_alive():
            self._writer = threading.Thread(target=self._write_from_time_to_time, name="log-writer", daemon=True)
            self._writer.start()
        self._gathering.set()

    def _write_from_time_to_time(self) -> None:
        while True:
            self._gathering.wait()
            self._gathering.clear()
            time.sleep(SPACING)
            self.flush()
