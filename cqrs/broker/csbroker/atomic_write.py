"""Writing files so that a crash leaves the old content or the new, never a part."""

import os
import tempfile
from pathlib import Path

READABLE = 0o644


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file's content durably; its mode stays. A symbolic link stays one, and its target is replaced."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else READABLE
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files, by relative path, into a folder that is made for them; durable when it returns."""
    for relative, content in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for path in {folder, *((folder / relative).parent for relative in files)}:
        sync_folder(path)


def sync_folder(path: Path) -> None:
    """Make what was created, renamed or removed in the folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
