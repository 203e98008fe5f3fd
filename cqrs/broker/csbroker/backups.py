"""Former clients, each with the files that it was generated from; the last ten."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cqrs.broker.csbroker.atomic_write import sync_folder, write_folder
from cqrs.broker.csbroker.errors import UnknownBackup
from cqrs.broker.csbroker.folder import Folder
from cqrs.broker.csbroker.installation import Files, install, installed, locked, read_files, require_own
from cqrs.clock import now

KEPT = 10
NAME = re.compile(r"(\d{8}T\d{6}Z)-(\d{3,})")
TIME = "%Y%m%dT%H%M%SZ"
UNFINISHED = ".unfinished"


class Backup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A former client. Its name is the time (UTC) at which it was replaced, and a counter."""

    name: str
    replaced_at: datetime
    files: int
    is_current: bool


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did; `backup` keeps the client that was there before, None where there was nothing to keep."""

    name: str
    changed: bool
    backup: str | None


def list_backups(folder: Folder) -> list[Backup]:
    """Return the backups, oldest first."""
    current = installed(folder)
    return [_described(path, current) for path in _paths(folder)]


def keep(folder: Folder) -> str | None:
    """Back up the client and return the backup's name, or None where there is no client.

    To be called under `locked`. Older backups than the last ten are removed.
    """
    files = installed(folder)
    if not files:
        return None
    shutil.rmtree(folder.backups / UNFINISHED, ignore_errors=True)
    unfinished = folder.backups / UNFINISHED
    unfinished.mkdir(parents=True)
    write_folder(unfinished, files)
    name = _next_name(folder)
    unfinished.rename(folder.backups / name)
    sync_folder(folder.backups)
    for old in _paths(folder)[:-KEPT]:
        shutil.rmtree(old)
    return name


def restore(folder: Folder, name: str) -> Restored:
    """Make a backup the client again, after backing up the present one. The working files stay as they are.

    Raises UnknownBackup, and Refused where something is in the client's place that csbroker did not generate.
    """
    with locked(folder):
        path = next((path for path in _paths(folder) if path.name == name), None)
        if path is None:
            raise UnknownBackup(name)
        files = read_files(path)
        if files == installed(folder):
            return Restored(name=name, changed=False, backup=None)
        require_own(folder)
        backup = keep(folder)
        install(folder, files)
        return Restored(name=name, changed=True, backup=backup)


def kept_versions(folder: Folder, file: str) -> set[bytes]:
    """Return every content of a working file that the stage or a backup holds."""
    tops = [folder.client, *_paths(folder)]
    return {(top / file).read_bytes() for top in tops if (top / file).is_file()}


def _paths(folder: Folder) -> list[Path]:
    if not folder.backups.is_dir():
        return []
    return sorted((path for path in folder.backups.iterdir() if NAME.fullmatch(path.name)), key=_order)


def _order(path: Path) -> tuple[str, int]:
    time, _, counter = path.name.rpartition("-")
    return time, int(counter)


def _next_name(folder: Folder) -> str:
    time = now().strftime(TIME)
    last = _order(paths[-1]) if (paths := _paths(folder)) else ("", 0)
    # The clock may have been set back: the newest backup has the last name all the same.
    if last[0] >= time:
        return f"{last[0]}-{last[1] + 1:03}"
    return f"{time}-001"


def _described(path: Path, current: Files) -> Backup:
    files = read_files(path)
    replaced_at = datetime.strptime(_order(path)[0], TIME).replace(tzinfo=UTC)
    return Backup(name=path.name, replaced_at=replaced_at, files=len(files), is_current=files == current)
