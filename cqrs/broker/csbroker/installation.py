"""Putting a generated client in place: all of it in one step, by one command at a time."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cqrs.broker.csbroker.atomic_write import sync_folder, write_folder
from cqrs.broker.csbroker.exchange import exchange
from cqrs.broker.csbroker.folder import Folder

Files = Mapping[str, bytes]

NEXT = "next-"
FORMER = "former-"
# What Python leaves where a client has been imported.
NOT_OURS = "__pycache__"


@contextmanager
def locked(folder: Folder) -> Iterator[None]:
    """Keep other commands from changing what is generated, and clean up after one that was killed."""
    folder.state.mkdir(parents=True, exist_ok=True)
    ignore = folder.state / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _recover(folder)
        yield
    finally:
        os.close(descriptor)


def installed(folder: Folder) -> dict[str, bytes]:
    """Return the files of the client by their path in it; none where there is no client."""
    return read_files(folder.client)


def read_files(top: Path) -> dict[str, bytes]:
    """Return all files below a folder by their relative path, but for what Python leaves there."""
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and NOT_OURS not in path.parts
    }


def install(folder: Folder, files: Files) -> None:
    """Make the files the client. Killed at any moment, it leaves the former client or this one, whole.

    To be called under `locked`. Where the file system cannot exchange two folders, the client is missing for the moment
    between two renames; killed just then, the next command puts the former one back.
    """
    coming = Path(tempfile.mkdtemp(prefix=NEXT, dir=folder.state))
    write_folder(coming, dict(files))
    coming.chmod(0o755)
    if not folder.client.exists():
        coming.rename(folder.client)
    elif not exchange(coming, folder.client):
        former = coming.with_name(coming.name.replace(NEXT, FORMER))
        folder.client.rename(former)
        coming.rename(folder.client)
    sync_folder(folder.client.parent)
    sync_folder(folder.state)
    _remove_leftovers(folder)


def _recover(folder: Folder) -> None:
    former = sorted(folder.state.glob(f"{FORMER}*"))
    if former and not folder.client.exists():
        former[-1].rename(folder.client)
    _remove_leftovers(folder)


def _remove_leftovers(folder: Folder) -> None:
    for pattern in (NEXT, FORMER):
        for leftover in folder.state.glob(f"{pattern}*"):
            shutil.rmtree(leftover)
