"""Generating again whenever a working file changes."""

import hashlib
import threading
from collections.abc import Callable

from cqrs.broker.csbroker.errors import CsbrokerError
from cqrs.broker.csbroker.folder import WORKING_FILES, Folder
from cqrs.broker.csbroker.generation import Generated, generate

POLL_SECONDS = 0.3


def watch(
    folder: Folder,
    *,
    stop: threading.Event,
    on_generated: Callable[[Generated], None],
    on_error: Callable[[list[str]], None],
) -> None:
    """Generate now and after each change until `stop` is set; what fails is told to `on_error` and waits for an edit.

    Two small files are read a few times a second: that works on every file system, network and container mounts too.
    """
    seen: str | None = None
    while not stop.is_set():
        state = _fingerprint(folder)
        if state != seen:
            seen = state
            try:
                on_generated(generate(folder))
            except CsbrokerError as error:
                on_error(list(error.lines))
            except OSError as error:
                on_error([str(error)])
        stop.wait(POLL_SECONDS)


def _fingerprint(folder: Folder) -> str:
    digest = hashlib.sha256()
    for name in WORKING_FILES:
        try:
            digest.update(hashlib.sha256((folder.path / name).read_bytes()).digest())
        except OSError as error:
            # An editor that replaces the file may have it away for a moment.
            digest.update(type(error).__name__.encode())
    return digest.hexdigest()
